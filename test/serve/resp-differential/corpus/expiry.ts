// Cases of the commands that give keys a time to live.

import { AT_MS, AT_S } from '../far-time.ts';
import type { Family } from '../step.ts';

export const expiry: Family = {
  'EXPIRE and its kin': `
    EXPIRE a 10
    PEXPIRE a 10
    EXPIREAT a ${AT_S + 20}
    PEXPIREAT a ${AT_MS + 20000}
    SET a 1
    TTL a
    PTTL a
    EXPIRETIME a
    PEXPIRETIME a
    EXPIRE a 100
    TTL a
    PTTL a
    PEXPIRE a 200000
    TTL a
    EXPIREAT a ${AT_S + 20}
    EXPIRETIME a
    PEXPIRETIME a
    PEXPIREAT a ${AT_MS + 20123}
    PEXPIRETIME a
    EXPIRETIME a
    PEXPIREAT a ${AT_MS + 20500}
    EXPIRETIME a
    PEXPIREAT a ${AT_MS + 20999}
    EXPIRETIME a
    PERSIST a
    TTL a
    PERSIST a
    PERSIST none
    TTL none
    PTTL none
    EXPIRETIME none
    PEXPIRETIME none
  `,
  'times in the past delete': `
    SET a 1
    EXPIRE a 0
    EXISTS a
    SET a 1
    EXPIRE a -1
    EXISTS a
    SET a 1
    PEXPIRE a 0
    EXISTS a
    SET a 1
    PEXPIRE a -100
    GET a
    SET a 1
    EXPIREAT a 1
    GET a
    SET a 1
    EXPIREAT a 0
    SET a 1
    EXPIREAT a -1
    GET a
    SET a 1
    PEXPIREAT a 1
    GET a
    DBSIZE
    EXPIRE a -1
  `,
  'times that are none': `
    SET a 1
    EXPIRE a x
    EXPIRE a 1.5
    EXPIRE a ""
    EXPIRE a " 1"
    EXPIRE a 9223372036854775807
    EXPIRE a 9223372036854775808
    EXPIRE a 9223372036854775
    EXPIRE a 9223372036854776
    EXPIRE a -9223372036854775807
    EXPIRE a -9223372036854775808
    TTL a
    PEXPIRE a 9223372036854775807
    PEXPIRE a 9223372036854770000
    PEXPIRE a x
    PEXPIRE a -9223372036854775808
    EXISTS a
    SET a 1
    EXPIREAT a 9223372036854775807
    EXPIREAT a x
    PEXPIREAT a 9223372036854775807
    PEXPIREAT a x
    EXPIRE none x
    EXPIRE none 9223372036854775807
  `,
  'NX, XX, GT, LT': `
    SET a 1
    EXPIRE a 100 XX
    TTL a
    EXPIRE a 100 GT
    TTL a
    EXPIRE a 100 LT
    TTL a
    PERSIST a
    EXPIRE a 100 NX
    TTL a
    EXPIRE a 200 NX
    TTL a
    EXPIRE a 200 XX
    TTL a
    EXPIRE a 100 GT
    TTL a
    EXPIRE a 300 GT
    TTL a
    EXPIRE a 400 LT
    TTL a
    EXPIRE a 50 LT
    TTL a
    EXPIRE a 500 XX GT
    TTL a
    EXPIRE a 20 xx lt
    TTL a
    EXPIRE a 20 LT LT
    PEXPIRE a 100000 GT
    PTTL a
    EXPIREAT a ${AT_S + 20} GT
    EXPIREAT a ${AT_S + 20} GT
    EXPIREAT a ${AT_S + 19} LT
    PEXPIREAT a ${AT_MS + 19000} XX
    PEXPIREAT a ${AT_MS + 19001} NX
    EXPIRE none 10 NX
    EXPIRE a -1 GT
    EXISTS a
    EXPIRE a -1 NX
    EXISTS a
    EXPIRE a -1 LT
    EXISTS a
  `,
  'options that do not go together': `
    SET a 1
    EXPIRE a 10 NX XX
    EXPIRE a 10 NX GT
    EXPIRE a 10 NX LT
    EXPIRE a 10 GT LT
    EXPIRE a 10 LT GT
    EXPIRE a 10 XX GT LT
    EXPIRE a 10 FOO
    EXPIRE a 10 NX FOO
    EXPIRE a 10 ""
    EXPIRE none 10 FOO
    EXPIRE a x FOO
    EXPIRE a x NX XX
    PEXPIRE a 10 NX XX
    EXPIREAT a 10 GT LT
    PEXPIREAT a 10 FOO
    TTL a
  `,
  'a time a thousand years away': `
    SET a 1 EXAT 33177117420
    TTL none
    EXISTS a
    EXPIRETIME a
    PEXPIREAT a 33177117420123
    PEXPIRETIME a
    SET b 1
    PEXPIREAT b 9223372036854775807
    PEXPIRETIME b
  `,
  arity: `
    EXPIRE
    EXPIRE a
    PEXPIRE a
    EXPIREAT a
    PEXPIREAT a
    TTL
    TTL a b
    PTTL
    PTTL a b
    EXPIRETIME
    EXPIRETIME a b
    PEXPIRETIME
    PERSIST
    PERSIST a b
  `,
  'what has died is not there': `
    SET a 1 PX 1
    until: EXISTS a
    GET a
    TTL a
    SET b 1
    PEXPIRE b 1
    until: GET b
    DEL b
    SET c 1 PX 1
    until: EXISTS c
    SET c 2 NX
    GET c
    SET d 1 PX 1
    until: EXISTS d
    RENAME d e
    APPEND d x
    GET d
    TTL d
    SET f 5 PX 1
    until: EXISTS f
    INCR f
    TTL f
    SET g 1 PX 1
    until: EXISTS g
    PERSIST g
    EXPIRE g 10
    COPY g h
    GETDEL g
    STRLEN g
    GETRANGE g 0 -1
    SETRANGE g 2 x
    GET g
  `,
  'who keeps the time and who does not': `
    SET a 1 EX 100
    INCR a
    TTL a
    APPEND a 1
    TTL a
    SETRANGE a 0 5
    TTL a
    INCRBYFLOAT a 1
    TTL a
    GETEX a
    TTL a
    MSETNX a 1
    TTL a
    SETNX a 1
    TTL a
    GETSET a 1
    TTL a
    EXPIRE a 100
    MSET a 1
    TTL a
    EXPIRE a 100
    SETEX a 200 x
    TTL a
    SET a x
    TTL a
  `,
};
