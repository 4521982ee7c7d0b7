// Cases of the commands that count.

import type { Family } from '../step.ts';

export const numbers: Family = {
  'INCR and DECR': `
    INCR a
    INCR a
    GET a
    DECR a
    DECR a
    DECR a
    GET a
    DECR new
    SET a text
    INCR a
    DECR a
    SET a ""
    INCR a
    SET a 1.5
    INCR a
    SET a " 11"
    INCR a
    SET a "11 "
    INCR a
    SET a "  11  "
    INCR a
    SET a 010
    INCR a
    SET a +5
    INCR a
    SET a -0
    INCR a
    SET a 0
    DECR a
    SET a -5
    INCR a
    SET a 0x10
    INCR a
    SET a 1e3
    INCR a
    SET a "1\\x00"
    INCR a
    INCR
    INCR a b
    DECR
    DECR a b
  `,
  'limits of 64 bits': `
    SET a 9223372036854775807
    INCR a
    GET a
    DECR a
    SET a -9223372036854775808
    DECR a
    GET a
    INCR a
    SET a 9223372036854775808
    INCR a
    SET a -9223372036854775809
    INCR a
    SET a 9007199254740993
    INCR a
    DECR a
    GET a
    SET a 99999999999999999999999
    INCR a
    SET a 9223372036854775800
    INCRBY a 7
    INCRBY a 1
    INCRBY a -7
    SET a -9223372036854775800
    DECRBY a 8
    DECRBY a 1
    GET a
    SET a 0
    DECRBY a -9223372036854775807
    SET a -1
    DECRBY a -9223372036854775808
    DECRBY a 9223372036854775807
    GET a
    SET a 1
    INCRBY a 9223372036854775807
    INCRBY a -9223372036854775808
    GET a
    INCRBY a -9223372036854775808
  `,
  'INCRBY and DECRBY': `
    INCRBY a 5
    INCRBY a -10
    INCRBY a 0
    DECRBY a 5
    DECRBY a -20
    GET a
    INCRBY a x
    INCRBY a 1.5
    INCRBY a ""
    INCRBY a " 1"
    INCRBY a +1
    INCRBY a 01
    INCRBY a 9223372036854775808
    DECRBY a x
    DECRBY a 9223372036854775808
    DECRBY a -9223372036854775808
    INCRBY
    INCRBY a
    INCRBY a 1 2
    DECRBY
    DECRBY a
    DECRBY a 1 2
    GET a
    SET b text
    INCRBY b 1
    INCRBY b x
    DECRBY b 1
    EXPIRE a 100
    INCR a
    TTL a
    INCRBYFLOAT a 1
    TTL a
    OBJECT ENCODING a
  `,
  INCRBYFLOAT: `
    INCRBYFLOAT a 1
    INCRBYFLOAT a 0.5
    INCRBYFLOAT a -1.5
    INCRBYFLOAT a 0
    INCRBYFLOAT a 0.1
    INCRBYFLOAT a 0.2
    GET a
    SET a 10.50
    INCRBYFLOAT a 0.1
    INCRBYFLOAT a -5
    SET a 5.0e3
    INCRBYFLOAT a 2.0e2
    SET a 3
    INCRBYFLOAT a 1.1
    SET a 1
    INCRBYFLOAT a 1e2
    INCRBYFLOAT a 1E-3
    INCRBYFLOAT a .5
    INCRBYFLOAT a 5.
    INCRBYFLOAT a +1
    INCRBYFLOAT a 1e20
    SET a 0
    INCRBYFLOAT a 1e-10
    INCRBYFLOAT a 1e-17
    INCRBYFLOAT a 1e-18
    SET a 17179869184
    INCRBYFLOAT a 1.5
    SET a 17179869185
    INCRBYFLOAT a 1.5
    SET a 9223372036854775807
    INCRBYFLOAT a 1
    SET a 0.1
    INCRBYFLOAT a 0.2
    SET a 3.0
    INCRBYFLOAT a 0
    SET a -0
    INCRBYFLOAT a 0
    SET a 1
    INCRBYFLOAT a -1
    INCRBYFLOAT a -0.0
    SET a 100000000000000000000
    INCRBYFLOAT a 1
    SET a 123456789.123456789
    INCRBYFLOAT a 0.000000001
    SET a 1e15
    INCRBYFLOAT a 0.25
    SET a 999999999999999.9
    INCRBYFLOAT a 0.1
    SET a 0x10
    INCRBYFLOAT a 1
    OBJECT ENCODING a
  `,
  'INCRBYFLOAT of what is no number': `
    SET a text
    INCRBYFLOAT a 1
    SET a ""
    INCRBYFLOAT a 1
    SET a " 11"
    INCRBYFLOAT a 1.0
    SET a "11 "
    INCRBYFLOAT a 1.0
    SET a "1 1"
    INCRBYFLOAT a 1.0
    SET a "1\\x00"
    INCRBYFLOAT a 1
    SET a 1
    INCRBYFLOAT a x
    INCRBYFLOAT a ""
    INCRBYFLOAT a " 1"
    INCRBYFLOAT a "1 "
    INCRBYFLOAT a 1.2.3
    INCRBYFLOAT a nan
    INCRBYFLOAT a inf
    INCRBYFLOAT a +inf
    INCRBYFLOAT a -inf
    INCRBYFLOAT a infinity
    INCRBYFLOAT a 1e5000
    SET a nan
    INCRBYFLOAT a 1
    SET a inf
    INCRBYFLOAT a 1
    INCRBYFLOAT
    INCRBYFLOAT a
    INCRBYFLOAT a 1 2
    GET a
  `,
};
