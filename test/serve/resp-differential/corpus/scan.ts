// Cases of SCAN: cursors are each server's own, what they lead to is not.

import type { Family } from '../step.ts';

const MANY = Array.from({ length: 300 }, (_, i) => `key:${i} ${i}`);

export const scan: Family = {
  'a whole round finds every key': `
    scan: SCAN
    SET a 1
    scan: SCAN
    MSET ${MANY.join(' ')}
    scan: SCAN
    scan: SCAN COUNT 1
    scan: SCAN COUNT 1000
    scan: SCAN MATCH key:1*
    scan: SCAN MATCH key:?2 COUNT 7
    scan: SCAN COUNT 7 MATCH none
    scan: SCAN TYPE string
    scan: SCAN TYPE STRING
    scan: SCAN TYPE list
    scan: SCAN TYPE foo
    scan: SCAN match key:[12]? count 50 type string
    scan: SCAN MATCH key:1* MATCH key:2*
    scan: SCAN COUNT 5 COUNT 10
    DBSIZE
  `,
  'a cursor and options that are wrong': `
    SET a 1
    SCAN
    SCAN x
    SCAN ""
    shape: SCAN -1
    SCAN 1.5
    SCAN " 0"
    SCAN 18446744073709551616
    SCAN 0 COUNT
    SCAN 0 COUNT 0
    SCAN 0 COUNT -1
    SCAN 0 COUNT x
    SCAN 0 MATCH
    SCAN 0 TYPE
    SCAN 0 FOO
    SCAN 0 FOO bar
    SCAN 0 COUNT 1 FOO
    SCAN 0 MATCH a COUNT
    SCAN 0 COUNT 9223372036854775807
    SCAN 0 COUNT 9223372036854775808
    SCAN x COUNT 0
    SCAN x FOO
  `,
  'few keys come in one reply': `
    SCAN 0
    SET a 1
    SCAN 0
    SCAN 0 MATCH a
    SCAN 0 MATCH b
    SCAN 0 TYPE string
    SCAN 0 TYPE hash
    SET b 1 PX 1
    until: EXISTS b
    scan: SCAN
    SCAN 0 COUNT 100
  `,
  'the type list stands before the options': `
    SET a 1
    SCAN 0 TYPE
    SCAN 0 TYPE string TYPE list
  `,
};
