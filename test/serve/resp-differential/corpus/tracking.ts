// Cases of client tracking: who is told what, and in which order. RESP3 pushes; over RESP2 to another connection.

import type { Family } from '../step.ts';

export const tracking: Family = {
  'a key that was read is told once': `
    CLIENT TRACKING ON
    SET a 1
    GET a
    2> SET a 2
    frames: PING
    2> SET a 3
    frames: PING
    GET a
    2> DEL a
    frames: PING
    MGET a b none
    2> MSET a 1 b 2
    frames: PING
    GET none
    2> SET none 1
    frames: PING
    GET none
    2> GET none
    2> TOUCH none
    frames: PING
    GET a
    2> EXPIRE a 100
    frames: PING
    GET a
    2> PERSIST a
    frames: PING
    GET a
    2> RENAME a b
    frames: PING
    GET b
    2> FLUSHALL
    frames: PING
  `,
  'one’s own writes': `
    CLIENT TRACKING ON
    frames: SET a 1
    frames: GET a
    frames: SET a 2
    frames: GET a
    frames: INCR a
    frames: DEL a
    frames: GET a
    MULTI
    SET a 1
    GET a
    SET a 2
    frames: EXEC
    frames: PING
    CLIENT TRACKING OFF
    frames: GET a
    frames: SET a 3
  `,
  NOLOOP: `
    CLIENT TRACKING ON NOLOOP
    SET a 1
    GET a
    frames: SET a 2
    2> SET a 3
    frames: PING
    GET a
    2> SET a 4
    frames: PING
    CLIENT TRACKING OFF
    CLIENT TRACKING ON BCAST NOLOOP
    frames: SET a 5
    2> SET a 6
    frames: PING
    frames: FLUSHALL
  `,
  BCAST: `
    CLIENT TRACKING ON BCAST PREFIX a PREFIX b
    2> SET a1 1
    frames: PING
    2> SET c1 1
    frames: PING
    2> SET b 1
    frames: PING
    2> SET a1 2
    frames: PING
    frames: SET a1 3
    2> MSET a1 1 b1 2 c1 3
    frames: PING
    2> DEL a1
    frames: PING
    2> DEL a1
    frames: PING
  `,
  'OPTIN and OPTOUT': `
    SET a 1
    CLIENT TRACKING ON OPTIN
    GET a
    2> SET a 2
    frames: PING
    CLIENT CACHING YES
    GET a
    2> SET a 3
    frames: PING
    CLIENT CACHING YES
    PING
    GET a
    2> SET a 4
    frames: PING
    CLIENT CACHING YES
    MULTI
    PTTL a
    GET a
    EXEC
    2> SET a 5
    frames: PING
    CLIENT TRACKING OFF
    CLIENT TRACKING ON OPTOUT
    GET a
    2> SET a 6
    frames: PING
    CLIENT CACHING NO
    GET a
    2> SET a 7
    frames: PING
    GET a
    2> SET a 8
    frames: PING
  `,
  'REDIRECT over RESP2': `
    2> frames: SUBSCRIBE __redis__:invalidate
    CLIENT TRACKING ON REDIRECT {id:2}
    GET a
    3> SET a 1
    2> frames: PING
    3> SET a 2
    2> frames: PING
    MGET a b
    3> MSET a 1 b 2
    2> frames: PING
    GET a
    3> FLUSHALL
    2> frames: PING
    GET a
    SET a 1
    2> frames: PING
    CLIENT TRACKING OFF
    CLIENT TRACKING ON REDIRECT {id:2} NOLOOP
    GET a
    SET a 1
    2> frames: PING
    CLIENT TRACKING OFF
    CLIENT TRACKING ON REDIRECT {id:2} BCAST PREFIX a
    3> SET ab 1
    2> frames: PING
    3> SET b 1
    2> frames: PING
  `,
  'the connection that is told goes away': `
    CLIENT TRACKING ON REDIRECT {id:2}
    GET a
    3> CLIENT KILL ID {id:2}
    3> SET a 1
    frames: PING
    GET a
    3> SET a 1
    frames: PING
  `,
  'who reads and how': `
    CLIENT TRACKING ON
    MSET a 1 b 2 c 3 d 4 e 5 f 6 g 7 h 8
    frames: PING
    STRLEN a
    GETRANGE b 0 0
    EXISTS c
    TTL d
    TYPE e
    OBJECT ENCODING f
    GETEX g
    LCS a h
    frames: PING
    2> MSET a 1 b 2 c 3
    frames: PING
    2> MSET d 4 e 5 f 6
    frames: PING
    2> MSET g 7 h 8
    frames: PING
  `,
  'a key that dies': `
    CLIENT TRACKING ON
    SET a 1 PX 200
    GET a
    2> until: EXISTS a
    frames: PING
  `,
};
