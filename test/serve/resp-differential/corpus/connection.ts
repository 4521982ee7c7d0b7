// Cases of the commands about the connection itself.

import type { Family } from '../step.ts';

export const connection: Family = {
  'PING, ECHO, QUIT': `
    PING
    PING hello
    PING ""
    PING a b
    ping
    ECHO hello
    ECHO ""
    ECHO "\\x00\\xff"
    ECHO
    ECHO a b
    QUIT
    PING
    2> QUIT now
  `,
  HELLO: `
    shape: HELLO
    shape: HELLO 3
    PING
    GET none
    shape: HELLO 2
    GET none
    HELLO 1
    HELLO 4
    HELLO x
    HELLO ""
    HELLO -1
    HELLO 2 FOO
    HELLO 2 AUTH
    HELLO 2 AUTH a
    shape: HELLO 2 AUTH default whatever
    HELLO 3 AUTH someone wrong
    HELLO 2 SETNAME
    shape: HELLO 2 SETNAME me
    CLIENT GETNAME
    shape: HELLO 3 SETNAME you
    CLIENT GETNAME
    HELLO 2 SETNAME "a b"
    HELLO 3 SETNAME "a\\nb"
    CLIENT GETNAME
    shape: HELLO 2 setname lower
    CLIENT GETNAME
  `,
  AUTH: `
    AUTH
    AUTH a
    AUTH a b
    AUTH a b c
    AUTH default x
    AUTH default ""
    AUTH ""
  `,
  SELECT: `
    SELECT 0
    SELECT x
    SELECT ""
    SELECT -1
    SELECT 16
    SELECT 100000
    SELECT
    SELECT 0 0
    SELECT 9223372036854775808
  `,
  'names of clients': `
    CLIENT GETNAME
    CLIENT SETNAME me
    CLIENT GETNAME
    CLIENT SETNAME ""
    CLIENT GETNAME
    CLIENT SETNAME "a b"
    CLIENT SETNAME "a\\nb"
    CLIENT SETNAME "\\xff"
    CLIENT SETNAME
    CLIENT SETNAME a b
    CLIENT GETNAME x
    CLIENT SETNAME again
    RESET
    CLIENT GETNAME
  `,
  'CLIENT and its parts': `
    CLIENT
    CLIENT FOO
    CLIENT foo bar
    CLIENT ID
    CLIENT ID x
    shape: CLIENT INFO
    shape: CLIENT LIST
    shape: CLIENT LIST TYPE normal
    shape: CLIENT LIST TYPE pubsub
    CLIENT LIST TYPE foo
    CLIENT LIST TYPE
    CLIENT LIST FOO
    CLIENT LIST ID
    CLIENT LIST ID x
    CLIENT LIST ID 0
    shape: CLIENT LIST ID {id:1}
    shape: CLIENT LIST TYPE master
    CLIENT NO-EVICT ON
    CLIENT NO-EVICT OFF
    CLIENT NO-EVICT on
    CLIENT NO-EVICT foo
    CLIENT NO-EVICT
    CLIENT GETREDIR
    CLIENT GETREDIR x
    CLIENT INFO x
    shape: CLIENT HELP
    client id x
    CLIENT UNPAUSE
    CLIENT UNPAUSE x
    CLIENT PAUSE
    CLIENT PAUSE x
    CLIENT PAUSE -1
    CLIENT PAUSE 1 FOO
    CLIENT PAUSE 1
    CLIENT PAUSE 1 WRITE
    CLIENT PAUSE 1 ALL
    CLIENT UNPAUSE
    CLIENT UNBLOCK 99999
    CLIENT UNBLOCK x
    CLIENT REPLY
    CLIENT REPLY FOO
    CLIENT REPLY ON
  `,
  'CLIENT REPLY': `
    raw: "CLIENT REPLY SKIP\\r\\nPING\\r\\nECHO 1\\r\\n"
    raw: "CLIENT REPLY OFF\\r\\nPING\\r\\nECHO 2\\r\\nCLIENT REPLY ON\\r\\n"
    PING
    raw: "CLIENT REPLY OFF\\r\\nCLIENT REPLY SKIP\\r\\nPING\\r\\nCLIENT REPLY ON\\r\\n"
    PING
    raw: "CLIENT REPLY SKIP\\r\\nSET a 1\\r\\nGET a\\r\\n"
    PING
    raw: "CLIENT REPLY OFF\\r\\nFOO\\r\\nCLIENT REPLY ON\\r\\n"
    PING
  `,
  'CLIENT KILL': `
    CLIENT KILL
    CLIENT KILL FOO
    CLIENT KILL 1.2.3.4:5
    CLIENT KILL ID
    CLIENT KILL ID x
    CLIENT KILL ID 0
    CLIENT KILL ID -1
    CLIENT KILL ID 999999
    CLIENT KILL FOO bar
    CLIENT KILL TYPE foo
    CLIENT KILL USER nobody
    CLIENT KILL SKIPME maybe
    CLIENT KILL SKIPME yes ID 999999
    CLIENT KILL ADDR 1.2.3.4:5
    CLIENT KILL LADDR 1.2.3.4:5
    CLIENT KILL ID {id:1}
    CLIENT KILL ID {id:1} SKIPME yes
    CLIENT KILL ID {id:2}
    2> PING
    3> PING
    CLIENT KILL ID {id:3} TYPE normal
    3> PING
    PING
    CLIENT KILL ID {id:1} SKIPME no
    PING
  `,
  'CLIENT TRACKING': `
    CLIENT TRACKINGINFO
    CLIENT TRACKING
    CLIENT TRACKING FOO
    CLIENT TRACKING ON FOO
    CLIENT TRACKING ON OPTIN OPTOUT
    CLIENT TRACKING ON PREFIX a
    CLIENT TRACKING ON PREFIX
    CLIENT TRACKING ON REDIRECT
    CLIENT TRACKING ON REDIRECT x
    CLIENT TRACKING ON REDIRECT 999999
    CLIENT TRACKING ON REDIRECT {id:2} REDIRECT {id:2}
    CLIENT TRACKING ON BCAST OPTIN
    CLIENT TRACKING ON BCAST OPTOUT
    CLIENT TRACKING ON BCAST PREFIX aa PREFIX a
    CLIENT TRACKING ON BCAST PREFIX a PREFIX b
    CLIENT TRACKINGINFO
    CLIENT TRACKING ON
    CLIENT TRACKING ON BCAST PREFIX ab
    CLIENT TRACKING ON BCAST PREFIX c NOLOOP
    CLIENT TRACKINGINFO
    CLIENT TRACKING OFF
    CLIENT TRACKINGINFO
    CLIENT TRACKING OFF
    CLIENT TRACKING ON OPTIN
    CLIENT TRACKINGINFO
    CLIENT TRACKING ON OPTOUT
    CLIENT TRACKING ON
    CLIENT CACHING NO
    CLIENT CACHING YES
    CLIENT TRACKINGINFO
    CLIENT TRACKING OFF
    CLIENT TRACKING ON OPTOUT NOLOOP
    CLIENT CACHING YES
    CLIENT CACHING NO
    CLIENT TRACKINGINFO
    CLIENT CACHING FOO
    CLIENT CACHING
    CLIENT TRACKING OFF
    CLIENT CACHING YES
    CLIENT GETREDIR
    CLIENT TRACKING ON REDIRECT 0
    CLIENT GETREDIR
    CLIENT TRACKING OFF
    CLIENT TRACKINGINFO x
    CLIENT TRACKING ON BCAST
    CLIENT TRACKINGINFO
    RESET
    CLIENT TRACKINGINFO
  `,
  RESET: `
    RESET
    RESET x
    CLIENT SETNAME me
    MULTI
    RESET
    EXEC
    CLIENT GETNAME
    GET none
  `,
  'inline commands': `
    raw: "PING\\r\\n"
    raw: "PING\\n"
    raw: "  PING  hello  \\r\\n"
    raw: "SET a \\"x y\\"\\r\\n"
    GET a
    raw: "SET a 'x y z'\\r\\n"
    GET a
    raw: "SET a \\"\\\\x41\\\\n\\\\\\"\\"\\r\\n"
    GET a
    raw: "SET a 'it\\\\'s'\\r\\n"
    GET a
    raw: "\\r\\n\\r\\nPING\\r\\n"
    raw: "FOO bar baz\\r\\n"
    raw: "SET a\\r\\n"
    raw: "SET a \\"\\"\\r\\n"
    GET a
    raw: "PING\\tx\\r\\n"
    raw: "*0\\r\\nPING\\r\\n"
    raw: "*-1\\r\\nPING\\r\\n"
  `,
  'the protocol broken': `
    closes: "*1\\r\\nx\\r\\n"
    3> closes: "*x\\r\\n"
    4> closes: "*1\\r\\n$-2\\r\\n"
    5> closes: "*1\\r\\n$x\\r\\n"
    6> closes: "*1\\r\\n$999999999999\\r\\n"
    7> closes: "PING \\"unbalanced\\r\\n"
    8> closes: "PING \\"a\\"b\\r\\n"
    9> closes: "*2\\r\\n$4\\r\\nPING\\r\\n:1\\r\\n"
  `,
  'the protocol broken otherwise': `
    closes: "*1\\r\\n$-1\\r\\n"
    2> closes: "*1\\r\\n*1\\r\\n$4\\r\\nPING\\r\\n"
    3> closes: "*2147483648\\r\\n"
    4> closes: "*1 \\r\\n"
    5> closes: "*\\r\\n"
    6> closes: "*1\\r\\n$\\r\\n"
    7> closes: "PING 'a\\r\\n"
    8> closes: "*1\\r\\n$4\\r\\nPING\\r\\n*1\\r\\n!\\r\\n"
    9> closes: "*1\\r\\n$536870913\\r\\n"
  `,
  'a request to another protocol’s server': `
    closes: "POST / HTTP/1.1\\n"
    2> closes: "Host: here\\r\\n"
    3> closes: "post x\\r\\n"
    4> closes: "PING\\r\\nPOST /\\r\\nPING\\r\\n"
  `,
};
