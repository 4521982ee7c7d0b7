// Cases of the commands about the server, and of commands that there are not.

import type { Family } from '../step.ts';

export const server: Family = {
  'unknown commands': `
    FOO
    foo
    FOO bar
    FOO bar baz "x y" "\\x00"
    FOO "a"*200
    "FO\\r\\nO" x
    "" x
    "x"*200 y
    FOO "a"*50 "b"*50 "c"*50 "d"*50
    FOO|BAR
    CLIENT|ID
    SIDECACHE.FOO
  `,
  COMMAND: `
    shape: COMMAND COUNT
    COMMAND COUNT x
    COMMAND FOO
    COMMAND INFO none
    COMMAND INFO get|key config|get|key
    COMMAND INFO no|ne
    COMMAND GETKEYS SET a 1
    COMMAND GETKEYS MSET a 1 b 2
    COMMAND GETKEYS MGET a b c
    COMMAND GETKEYS DEL a b
    COMMAND GETKEYS COPY a b
    COMMAND GETKEYS LCS a b
    COMMAND GETKEYS PING
    COMMAND GETKEYS FOO
    COMMAND GETKEYS SET
    COMMAND GETKEYS
    COMMAND GETKEYS GET a b
    COMMAND GETKEYS OBJECT ENCODING a
    COMMAND GETKEYS MEMORY USAGE a
    COMMAND DOCS none
    COMMAND LIST FILTERBY FOO bar
    COMMAND LIST FILTERBY
    COMMAND LIST FILTERBY PATTERN none*
    COMMAND LIST FILTERBY PATTERN getr*
    COMMAND LIST FILTERBY PATTERN incrbyf*
    COMMAND LIST FILTERBY MODULE none
    COMMAND LIST FOO
    shape: COMMAND HELP
  `,
  'COMMAND INFO by command': `
    shape: COMMAND INFO get
    shape: COMMAND INFO set
    shape: COMMAND INFO mget mset
    shape: COMMAND INFO del exists
    shape: COMMAND INFO ping none echo
    shape: COMMAND INFO multi exec watch
    shape: COMMAND INFO incr incrbyfloat append
    shape: COMMAND INFO subscribe publish
    shape: COMMAND INFO scan keys rename
  `,
  'INFO, CONFIG, TIME, SLOWLOG, WAIT': `
    shape: INFO
    shape: INFO server
    shape: INFO server clients
    shape: INFO all
    shape: INFO everything
    INFO none
    CONFIG GET maxmemory-policy-none
    shape: CONFIG GET maxmemory
    shape: CONFIG GET max*
    CONFIG GET
    CONFIG
    CONFIG FOO
    CONFIG SET
    CONFIG SET none 1
    CONFIG SET maxmemory
    CONFIG SET a 1 b
    CONFIG SET maxmemory 1 maxclients 9 maxmemory 2
    CONFIG SET daemonize yes
    CONFIG SET slowlog-max-len x
    CONFIG SET slowlog-max-len 5 none 1
    CONFIG GET slowlog-max-len
    CONFIG SET tracking-table-max-keys 1000000
    CONFIG GET daemonize
    CONFIG GET replicaof
    CONFIG GET slaveof
    CONFIG GET databases
    CONFIG GET save
    CONFIG GET appendonly
    CONFIG GET none1 none2
    CONFIG RESETSTAT
    TIME
    TIME x
    shape: SLOWLOG GET
    shape: SLOWLOG GET 10
    SLOWLOG GET -1
    SLOWLOG GET -2
    SLOWLOG GET 0
    SLOWLOG GET x
    SLOWLOG RESET
    SLOWLOG LEN
    SLOWLOG GET 1 2
    SLOWLOG FOO
    SLOWLOG
    WAIT 0 0
    WAIT 0 10
    WAIT x 0
    WAIT 0 x
    WAIT 0 -1
    WAIT 0
    WAIT
    FUNCTION FLUSH
    FUNCTION FLUSH ASYNC
    FUNCTION FLUSH FOO
    SCRIPT FLUSH
    SCRIPT FLUSH sync
    SCRIPT FLUSH FOO
    DEBUG SLEEP 0
    DEBUG FOO
    DEBUG
  `,
};
