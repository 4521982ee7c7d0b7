// Cases of the commands that read and write parts of values, and of LCS.

import type { Family } from '../step.ts';

export const ranges: Family = {
  GETRANGE: `
    SET a "Hello World"
    GETRANGE a 0 3
    GETRANGE a 0 -1
    GETRANGE a -4 -1
    GETRANGE a 5 3
    GETRANGE a 5 5000
    GETRANGE a -5000 10000
    GETRANGE a -5000 -5001
    GETRANGE a -5001 -5000
    GETRANGE a -1 0
    GETRANGE a -1 -4
    GETRANGE a 0 0
    GETRANGE a 10 10
    GETRANGE a 11 11
    GETRANGE a 11 20
    GETRANGE a 0 -11
    GETRANGE a 0 -12
    GETRANGE a 0 -13
    GETRANGE a -11 -11
    GETRANGE a -12 -12
    GETRANGE none 0 -1
    GETRANGE a x 1
    GETRANGE a 0 x
    GETRANGE a 1.5 2
    GETRANGE a 0 9223372036854775807
    GETRANGE a -9223372036854775808 9223372036854775807
    GETRANGE a 0 9223372036854775808
    GETRANGE a 4294967297 4294967299
    GETRANGE a -4294967297 4294967299
    GETRANGE none x 1
    GETRANGE
    GETRANGE a
    GETRANGE a 0
    GETRANGE a 0 1 2
    SET empty ""
    GETRANGE empty 0 -1
    GETRANGE empty 0 0
    GETRANGE empty -1 -1
    SET n 1234
    GETRANGE n 0 2
    GETRANGE n -2 -1
    SET b "\\x00\\xff\\x01"
    GETRANGE b 1 1
  `,
  SUBSTR: `
    SET a "Hello World"
    SUBSTR a 0 3
    SUBSTR a -3 -1
    SUBSTR none 0 1
    SUBSTR a x 1
    SUBSTR a
    SUBSTR a 0 1 2
  `,
  SETRANGE: `
    SETRANGE a 0 ""
    EXISTS a
    SETRANGE a 5 ""
    EXISTS a
    SETRANGE a 0 foo
    GET a
    SETRANGE a 1 XYZ
    GET a
    SETRANGE a 8 end
    GET a
    STRLEN a
    SETRANGE a 2 ""
    GET a
    SETRANGE new 3 x
    GET new
    SETRANGE a -1 x
    SETRANGE new2 -1 x
    SETRANGE a x x
    SETRANGE a 1.5 x
    SETRANGE a 536870912 x
    SETRANGE a 536870911 xx
    SETRANGE none 536870912 x
    SETRANGE none 536870912 ""
    SETRANGE a 9223372036854775807 x
    SETRANGE a 9223372036854775808 x
    SETRANGE a 4294967296 x
    SETRANGE
    SETRANGE a
    SETRANGE a 1
    SETRANGE a 1 x y
    EXPIRE a 100
    SETRANGE a 0 zz
    TTL a
    SET n 1234
    SETRANGE n 1 9
    GET n
    INCR n
    SETRANGE big 100000 x
    STRLEN big
    SET empty ""
    SETRANGE empty 0 ""
    SETRANGE empty 0 x
    GET empty
    OBJECT ENCODING a
    OBJECT ENCODING n
  `,
  'APPEND past the longest string': `
    SET a x
    SETRANGE a 536870911 y2
    GET a
  `,
  LCS: `
    MSET a ohmytext b mynewtext
    LCS a b
    LCS a b LEN
    LCS a b IDX
    LCS a b IDX MINMATCHLEN 4
    LCS a b IDX WITHMATCHLEN
    LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
    LCS a b IDX MINMATCHLEN 5
    LCS a b IDX MINMATCHLEN 0
    LCS a b IDX MINMATCHLEN -5
    LCS a b WITHMATCHLEN
    LCS a b MINMATCHLEN 2
    LCS a b LEN MINMATCHLEN 2
    LCS a b len
    LCS a b idx withmatchlen minmatchlen 1
    LCS a b IDX LEN
    LCS a b LEN IDX
    LCS a b FOO
    LCS a b MINMATCHLEN
    LCS a b IDX MINMATCHLEN x
    LCS a b IDX IDX
    LCS a
    LCS
    LCS a b LEN FOO
  `,
  'LCS of what is empty, missing or the same': `
    LCS a b
    LCS a b LEN
    LCS a b IDX
    SET a abc
    LCS a b
    LCS a b LEN
    LCS a b IDX
    LCS b a IDX WITHMATCHLEN
    LCS a a
    LCS a a LEN
    LCS a a IDX
    LCS a a IDX WITHMATCHLEN
    SET b ""
    LCS a b IDX
    SET b xyz
    LCS a b
    LCS a b LEN
    LCS a b IDX
    SET n 12345
    SET m 23
    LCS n m
    LCS n m IDX
    SET x "\\x00a\\xffb"
    SET y "\\x00\\xff\\x00b"
    LCS x y
    LCS x y IDX
    SET x ABCBDAB
    SET y BDCABA
    LCS x y
    LCS x y IDX WITHMATCHLEN
    SET x "ab"*40
    SET y "ba"*40
    LCS x y LEN
    LCS x y IDX MINMATCHLEN 10
    SET x aXbXcXd
    SET y abcd
    LCS x y IDX
    LCS y x IDX WITHMATCHLEN
  `,
};
