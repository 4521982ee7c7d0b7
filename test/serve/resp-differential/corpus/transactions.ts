// Cases of MULTI, EXEC, DISCARD, WATCH, with their errors.

import type { Family } from '../step.ts';

export const transactions: Family = {
  'MULTI and EXEC': `
    MULTI
    SET a 1
    GET a
    INCR a
    EXEC
    GET a
    MULTI
    EXEC
    MULTI
    GET none
    MGET a none
    EXEC
    MULTI
    PING
    ECHO hi
    PING hello
    EXEC
  `,
  DISCARD: `
    MULTI
    SET a 1
    DISCARD
    GET a
    DISCARD
    EXEC
    MULTI
    DISCARD
    EXEC
  `,
  'errors while queueing abort': `
    MULTI
    SET a 1
    FOO
    EXEC
    GET a
    MULTI
    SET a
    SET a 1
    EXEC
    GET a
    MULTI
    GET
    DISCARD
    SET a 1
    MULTI
    GET a
    EXEC a
    EXEC
    MULTI
    OBJECT FOO a
    EXEC
    MULTI
    CLIENT FOO
    EXEC
  `,
  'errors while executing do not': `
    SET a text
    MULTI
    INCR a
    SET b 1
    SET b 1 EX 0
    SET b 1 FOO
    INCRBY b x
    GET b
    EXEC
    GET b
    MULTI
    EXPIRE b x
    EXPIRE b 10 NX XX
    SETRANGE b -1 x
    EXEC
  `,
  'what cannot be nested or has not begun': `
    EXEC
    DISCARD
    MULTI
    MULTI
    SET a 1
    EXEC
    GET a
    MULTI
    WATCH a
    SET a 2
    EXEC
    GET a
    MULTI
    MULTI
    WATCH a
    DISCARD
    MULTI a
    EXEC a
    DISCARD a
    UNWATCH a
    WATCH
  `,
  'WATCH and a write of another': `
    SET a 1
    WATCH a
    2> SET a 2
    MULTI
    SET a 3
    EXEC
    GET a
    WATCH a
    MULTI
    SET a 4
    EXEC
    WATCH a b
    2> SET b 1
    MULTI
    GET a
    EXEC
    WATCH a
    2> DEL a
    MULTI
    PING
    EXEC
    WATCH none
    2> DEL none
    MULTI
    PING
    EXEC
    WATCH none
    2> SET none 1
    MULTI
    PING
    EXEC
    WATCH a
    2> GET a
    MULTI
    PING
    EXEC
  `,
  'WATCH and a write of one’s own': `
    SET a 1
    WATCH a
    SET a 2
    MULTI
    GET a
    EXEC
    WATCH a
    GET a
    MULTI
    GET a
    EXEC
    WATCH a
    SET a 2
    UNWATCH
    MULTI
    GET a
    EXEC
    WATCH a
    SET a 3
    MULTI
    DISCARD
    MULTI
    GET a
    EXEC
    WATCH a a a
    UNWATCH
    UNWATCH
  `,
  'WATCH and what else changes a key': `
    SET a 1
    WATCH a
    2> EXPIRE a 100
    MULTI
    PING
    EXEC
    WATCH a
    2> PERSIST a
    MULTI
    PING
    EXEC
    WATCH a
    2> FLUSHALL
    MULTI
    PING
    EXEC
    WATCH a
    2> FLUSHALL
    MULTI
    PING
    EXEC
    SET a 1
    WATCH b
    2> RENAME a b
    MULTI
    PING
    EXEC
    WATCH b
    2> TOUCH b
    MULTI
    PING
    EXEC
    WATCH b
    2> SET b 1 NX
    MULTI
    PING
    EXEC
    WATCH b
    2> COPY b c
    MULTI
    PING
    EXEC
    WATCH c
    2> APPEND c ""
    MULTI
    PING
    EXEC
    WATCH c
    2> GETEX c
    MULTI
    PING
    EXEC
    WATCH c
    2> GETEX c EX 100
    MULTI
    PING
    EXEC
    WATCH c
    2> GETDEL c
    MULTI
    PING
    EXEC
  `,
  'WATCH and a key that dies': `
    SET a 1 PX 1
    until: EXISTS a
    WATCH a
    MULTI
    PING
    EXEC
    SET b 1
    WATCH b
    PEXPIRE b 1
    until: EXISTS b
    MULTI
    PING
    EXEC
    SET c 1 PX 200
    WATCH c
    until: EXISTS c
    MULTI
    PING
    EXEC
  `,
  'all kinds of commands in one': `
    MSET a 1 b 2
    MULTI
    SET a 5 EX 100 GET
    GETEX a PERSIST
    MGET a b none
    EXISTS a b none
    TTL a
    KEYS *
    SCAN 0 COUNT 100 MATCH a
    DBSIZE
    TYPE a
    LCS a b IDX
    COPY a c
    RENAME c d
    DEL a b d
    OBJECT ENCODING a
    SETNX z 1
    EXPIRE z 50
    PTTL z
    FLUSHALL
    DBSIZE
    EXEC
  `,
  'commands that cannot be queued': `
    MULTI
    SUBSCRIBE a
    frames: EXEC
    RESET
    MULTI
    PSUBSCRIBE a
    frames: EXEC
    MULTI
    SELECT 0
    shape: CLIENT ID
    CLIENT SETNAME x
    CLIENT GETNAME
    EXEC
    MULTI
    WAIT 0 0
    EXEC
    MULTI
    HELLO 2
    EXEC
  `,
  'RESET and QUIT in one': `
    MULTI
    SET a 1
    RESET
    EXEC
    GET a
    MULTI
    SET a 1
    QUIT
    2> GET a
    2> MULTI
    2> SET a 1
    closes: "*1\\r\\n$4\\r\\nQUIT\\r\\n"
  `,
};
