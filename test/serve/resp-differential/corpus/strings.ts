// Cases of the string commands that read and write whole values.

import { AT_MS, AT_S } from '../far-time.ts';
import type { Family } from '../step.ts';

export const strings: Family = {
  'GET and SET': `
    GET a
    SET a 1
    GET a
    set a two
    get a
    SET a ""
    GET a
    STRLEN a
    EXISTS a
    SET "" x
    GET ""
    SET "\\x00\\xff\\r\\n" "\\x00\\x80\\xfe\\r\\n"
    GET "\\x00\\xff\\r\\n"
    SET long "abcdefghij"*5000
    GET long
    STRLEN long
    SET "k"*1000 v
    GET "k"*1000
    TYPE a
    TYPE none
  `,
  'arity of GET and SET': `
    GET
    GET a b
    SET
    SET a
    SET a b c
    STRLEN
    STRLEN a b
    get
    sEt A
  `,
  'SET NX and XX': `
    SET a 1 XX
    GET a
    SET a 1 NX
    SET a 2 NX
    GET a
    SET a 3 XX
    GET a
    SET a 4 xx
    SET a 5 nx
    SET a 1 NX XX
    SET a 1 XX NX
    SET a 1 NX NX
    SET a 1 XX XX
    SET b 1 nX
  `,
  'SET GET': `
    SET a 1 GET
    SET a 2 GET
    SET a 3 NX GET
    GET a
    SET b 3 NX GET
    GET b
    SET c 3 XX GET
    GET c
    SET a 4 XX GET
    GET a
    SET a 5 GET EX 100
    TTL a
    SET a 6 GET KEEPTTL
    TTL a
    SET a 7 GET GET
  `,
  'SET with a time': `
    SET a 1 EX 100
    TTL a
    SET a 1 PX 100000
    TTL a
    PTTL a
    SET a 1 EXAT ${AT_S + 20}
    EXPIRETIME a
    PEXPIRETIME a
    SET a 1 PXAT ${AT_MS + 20000}
    EXPIRETIME a
    PEXPIRETIME a
    SET a 2
    TTL a
    SET a 1 ex 50
    SET a 1 KEEPTTL
    TTL a
    SET a 1 keepttl NX
    SET b 1 KEEPTTL
    TTL b
    SET b 1 XX EX 77
    TTL b
    SET c 1 EX 10 NX
    TTL c
    SET a 1 EX 0
    SET a 1 EX -1
    SET a 1 PX 0
    SET a 1 PX -1
    SET a 1 EXAT 0
    SET a 1 EXAT -5
    SET a 1 PXAT 0
    SET a 1 EX x
    SET a 1 EX 1.5
    SET a 1 EX ""
    SET a 1 EX " 1"
    SET a 1 EX 9223372036854775807
    SET a 1 EX 9223372036854775
    SET a 1 EX 9223372036854776
    SET a 1 PX 9223372036854775807
    SET a 1 EXAT 9223372036854775807
    SET a 1 PXAT 9223372036854775807
    SET a 1 EX 99999999999999999999
    GET a
  `,
  'SET with options that do not go together': `
    SET a 1 EX
    SET a 1 PX
    SET a 1 EX 10 PX 10
    SET a 1 EX 10 EX 10
    SET a 1 EX 10 KEEPTTL
    SET a 1 KEEPTTL EX 10
    SET a 1 KEEPTTL KEEPTTL
    SET a 1 PXAT ${AT_MS + 20000} EXAT ${AT_S + 20}
    SET a 1 PERSIST
    SET a 1 FOO
    SET a 1 ""
    SET a 1 EX 10 FOO
    SET a 1 NX EX
    SET a 1 NX 10
    SET a 1 EX NX
    SET a 1 GET XX NX
    GET a
  `,
  'SET into the past': `
    SET a 1
    SET a 2 PXAT 1
    GET a
    EXISTS a
    TTL a
    SET b 1 EXAT 1
    GET b
    SET b 1 EXAT 1 GET
    GET b
    SET b 1 NX
    GET b
  `,
  'SETNX, SETEX, PSETEX': `
    SETNX a 1
    SETNX a 2
    GET a
    SETNX a
    SETNX
    SETNX a b c
    SETEX a 100 x
    TTL a
    GET a
    SETEX a 0 x
    SETEX a -1 x
    SETEX a x x
    SETEX a 1.5 x
    SETEX a 9223372036854775807 x
    SETEX a 100
    SETEX a
    SETEX a 1 2 3
    PSETEX b 100000 y
    PTTL b
    TTL b
    PSETEX b 0 y
    PSETEX b -10 y
    PSETEX b y y
    PSETEX b 9223372036854775807 y
    PSETEX b 1
    GET b
    SETNX c ""
    GET c
  `,
  'GETSET and GETDEL': `
    GETSET a 1
    GETSET a 2
    GET a
    EXPIRE a 100
    GETSET a 3
    TTL a
    GETSET a
    GETSET a 1 2
    GETDEL a
    GETDEL a
    GETDEL
    GETDEL a b
    EXISTS a
  `,
  GETEX: `
    GETEX a
    GETEX a EX 100
    SET a 1
    GETEX a
    TTL a
    GETEX a EX 100
    TTL a
    GETEX a PX 200000
    TTL a
    GETEX a EXAT ${AT_S + 20}
    EXPIRETIME a
    GETEX a PXAT ${AT_MS + 20000}
    PEXPIRETIME a
    GETEX a
    PEXPIRETIME a
    GETEX a PERSIST
    TTL a
    GETEX a persist
    GETEX a EX 0
    GETEX a EX -1
    GETEX a PX 0
    GETEX a EX x
    GETEX a EX
    GETEX a EX 9223372036854775807
    GETEX a PX 9223372036854775807
    GETEX a PERSIST EX 10
    GETEX a EX 10 PERSIST
    GETEX a EX 10 PX 10
    GETEX a PERSIST PERSIST
    GETEX a KEEPTTL
    GETEX a NX
    GETEX a GET
    GETEX a FOO
    GETEX a ""
    GETEX
    GETEX a EX 10 10
    GET a
    TTL a
    GETEX a EXAT 1
    GET a
    EXISTS a
    GETEX none PERSIST
    GETEX none EX x
  `,
  'MGET, MSET and MSETNX': `
    MGET
    MGET a
    MSET a 1 b 2 c 3
    MGET a b c
    MGET a none b
    MGET a a a
    MGET "" a
    MSET
    MSET a
    MSET a 1 b
    MSET a 1 a 2
    GET a
    MSET "" x
    GET ""
    EXPIRE b 100
    MSET b 5
    TTL b
    MSETNX a 1 d 2
    EXISTS d
    MSETNX d 1 e 2
    MGET d e
    MSETNX f 1 f 2
    GET f
    MSETNX
    MSETNX a
    MSETNX x 1 y
    MSETNX x 1 y 2 x 3
    MGET x y
  `,
  'APPEND and STRLEN': `
    APPEND a hello
    APPEND a " world"
    GET a
    STRLEN a
    APPEND a ""
    APPEND new ""
    EXISTS new
    GET new
    STRLEN new
    STRLEN none
    EXPIRE a 100
    APPEND a x
    TTL a
    SET n 10
    APPEND n 5
    GET n
    INCR n
    APPEND
    APPEND a
    APPEND a b c
    APPEND bin "\\x00\\x01"
    APPEND bin "\\xff"
    GET bin
    OBJECT ENCODING a
    OBJECT ENCODING bin
  `,
};
