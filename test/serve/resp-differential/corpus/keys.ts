// Cases of the commands on keys, whatever they hold.

import type { Family } from '../step.ts';

export const keys: Family = {
  'what was missed, flushed and set': `
    GET a
    FLUSHDB
    SET a 1
    GET a
    GET b
    FLUSHALL
    MSET b 2
    GET b
  `,
  'DEL, UNLINK, EXISTS, TOUCH': `
    MSET a 1 b 2 c 3
    EXISTS a
    EXISTS a b none
    EXISTS a a a
    TOUCH a b none
    TOUCH none
    DEL a
    DEL a
    DEL a b c none
    EXISTS a b c
    MSET a 1 b 2
    DEL a a b
    MSET a 1 b 2
    UNLINK a b none
    UNLINK a
    DEL
    UNLINK
    EXISTS
    TOUCH
    SET "" x
    EXISTS ""
    DEL ""
    DBSIZE
  `,
  'TYPE, DBSIZE, RANDOMKEY': `
    DBSIZE
    RANDOMKEY
    SET a 1
    TYPE a
    TYPE none
    TYPE
    TYPE a b
    DBSIZE
    RANDOMKEY
    MSET b 1 c 1
    DBSIZE
    RANDOMKEY x
    DBSIZE x
    PEXPIRE b 1
    until: EXISTS b
    DBSIZE
  `,
  KEYS: `
    KEYS *
    MSET hello 1 hallo 2 hxllo 3 hllo 4 heeello 5 "h*llo" 6 "a\\nb" 7 foo:1 8 foo:2 9 "" 10
    KEYS *
    KEYS h?llo
    KEYS h*llo
    KEYS h[ae]llo
    KEYS h[^e]llo
    KEYS h[a-e]llo
    KEYS h[e-a]llo
    KEYS "h\\\\*llo"
    KEYS foo:*
    KEYS hello
    KEYS none
    KEYS ""
    KEYS ?
    KEYS ***
    KEYS *o
    KEYS h[ae
    KEYS h[
    KEYS "h["
    KEYS "foo\\\\"
    KEYS [^]
    KEYS "a?b"
    KEYS HELLO
    KEYS "*[lo]o"
    KEYS "h[\\\\a]llo"
    KEYS
    KEYS a b
  `,
  'KEYS does not see what has died': `
    MSET a 1 b 2
    PEXPIREAT a 1
    KEYS *
    SET c 1 PX 1
    until: EXISTS c
    KEYS *
    DBSIZE
  `,
  'RENAME and RENAMENX': `
    RENAME none b
    SET a 1
    RENAME a b
    GET a
    GET b
    SET a 2
    RENAME a b
    GET b
    RENAME b b
    GET b
    RENAME none none
    EXPIRE b 100
    RENAME b c
    TTL c
    SET d 1 EX 500
    RENAME c d
    TTL d
    SET e 5
    RENAME e d
    TTL d
    SET f 6
    RENAMENX f d
    GET f
    RENAMENX f g
    GET g
    RENAMENX none x
    RENAMENX g g
    RENAME
    RENAME a
    RENAME a b c
    RENAMENX a
    RENAMENX a b c
  `,
  COPY: `
    COPY a b
    SET a 1
    COPY a b
    GET b
    COPY a b
    SET a 2
    COPY a b
    GET b
    COPY a b REPLACE
    GET b
    COPY a a
    COPY a a REPLACE
    COPY none none
    EXPIRE a 100
    COPY a c
    TTL c
    COPY a b replace
    TTL b
    COPY a d DB 0
    GET d
    COPY a d DB 0 REPLACE
    COPY a d DB
    COPY a d DB x
    COPY a d FOO
    COPY a d REPLACE REPLACE
    COPY a d DB -1
    COPY a d DB 99
    COPY
    COPY a
    COPY none x REPLACE
  `,
  'FLUSHDB and FLUSHALL': `
    MSET a 1 b 2
    FLUSHDB
    DBSIZE
    MSET a 1 b 2
    FLUSHALL
    DBSIZE
    SET a 1
    FLUSHALL ASYNC
    DBSIZE
    FLUSHALL SYNC
    FLUSHDB ASYNC
    FLUSHDB sync
    FLUSHDB FOO
    FLUSHALL FOO
    FLUSHALL SYNC ASYNC
    FLUSHDB SYNC SYNC
  `,
  'OBJECT ENCODING': `
    SET a 1
    OBJECT ENCODING a
    SET a -9223372036854775808
    OBJECT ENCODING a
    SET a 9223372036854775807
    OBJECT ENCODING a
    SET a 9223372036854775808
    OBJECT ENCODING a
    SET a 01
    OBJECT ENCODING a
    SET a " 1"
    OBJECT ENCODING a
    SET a -0
    OBJECT ENCODING a
    SET a +1
    OBJECT ENCODING a
    SET a 1.5
    OBJECT ENCODING a
    SET a ""
    OBJECT ENCODING a
    SET a "x"*44
    OBJECT ENCODING a
    SET a "x"*45
    OBJECT ENCODING a
    SET a "1"*20
    OBJECT ENCODING a
    SET a text
    APPEND a x
    OBJECT ENCODING a
    SET b 12
    APPEND b 3
    OBJECT ENCODING b
    INCR b
    OBJECT ENCODING b
    SETRANGE c 0 hi
    OBJECT ENCODING c
    OBJECT ENCODING none
    INCRBYFLOAT f 1.5
    OBJECT ENCODING f
    INCRBYFLOAT f 1.5
    OBJECT ENCODING f
    GETSET g 5
    OBJECT ENCODING g
    MSET h 7 i xx
    OBJECT ENCODING h
    OBJECT ENCODING i
    COPY h j
    OBJECT ENCODING j
    COPY c k
    OBJECT ENCODING k
  `,
  'OBJECT and MEMORY': `
    SET a text
    OBJECT REFCOUNT a
    shape: OBJECT REFCOUNT none
    OBJECT IDLETIME a
    OBJECT IDLETIME none
    OBJECT FREQ a
    OBJECT FREQ none
    OBJECT
    OBJECT FOO a
    OBJECT ENCODING
    OBJECT ENCODING a b
    shape: OBJECT HELP
    shape: MEMORY USAGE a
    MEMORY USAGE none
    shape: MEMORY USAGE a SAMPLES 5
    shape: MEMORY USAGE a samples 0
    MEMORY USAGE a SAMPLES
    MEMORY USAGE a SAMPLES -1
    MEMORY USAGE a SAMPLES x
    MEMORY USAGE a FOO 1
    MEMORY USAGE
    MEMORY
    MEMORY FOO
  `,
};
