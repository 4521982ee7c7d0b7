// Cases of channels and patterns.

import type { Family } from '../step.ts';

export const pubsub: Family = {
  'SUBSCRIBE and UNSUBSCRIBE': `
    frames: SUBSCRIBE a
    frames: SUBSCRIBE b c
    frames: SUBSCRIBE a
    frames: UNSUBSCRIBE a
    frames: UNSUBSCRIBE none
    frames: UNSUBSCRIBE b c
    frames: SUBSCRIBE x
    frames: UNSUBSCRIBE
    frames: UNSUBSCRIBE
    frames: SUBSCRIBE ""
    frames: SUBSCRIBE "\\x00\\xff"
    frames: UNSUBSCRIBE ""
    RESET
    PING
  `,
  'PSUBSCRIBE and PUNSUBSCRIBE': `
    frames: PSUBSCRIBE a*
    frames: PSUBSCRIBE b* c*
    frames: PSUBSCRIBE a*
    frames: SUBSCRIBE a
    frames: PUNSUBSCRIBE b*
    frames: PUNSUBSCRIBE none
    frames: PUNSUBSCRIBE a* c*
    frames: UNSUBSCRIBE
    frames: PUNSUBSCRIBE
    SUBSCRIBE
    PSUBSCRIBE
  `,
  PUBLISH: `
    PUBLISH a x
    2> frames: SUBSCRIBE a b
    3> frames: PSUBSCRIBE a* *
    PUBLISH a hello
    2> frames: PING
    3> frames: PING
    PUBLISH b ""
    2> frames: PING
    3> frames: PING
    PUBLISH none x
    2> frames: PING
    3> frames: PING
    PUBLISH a "\\x00\\xff\\r\\n"
    2> frames: PING
    3> frames: UNSUBSCRIBE
    3> frames: PUNSUBSCRIBE *
    PUBLISH a last
    3> frames: PING
    PUBLISH
    PUBLISH a
    PUBLISH a b c
  `,
  'one connection, channel and patterns that match': `
    frames: SUBSCRIBE ab
    frames: PSUBSCRIBE a* *b a?
    2> PUBLISH ab hi
    frames: PING
    2> PUBLISH ac hi
    frames: PING
    2> PUBLISH AB hi
    frames: PING
  `,
  'what a subscriber may ask': `
    frames: SUBSCRIBE a
    frames: GET a
    frames: SET a 1
    frames: PING
    frames: PING hello
    frames: ECHO hi
    frames: EXEC
    frames: FOO
    frames: GET
    frames: CLIENT ID
    frames: UNSUBSCRIBE
    GET a
    frames: PSUBSCRIBE a
    frames: GET a
    RESET
    GET a
    frames: SUBSCRIBE a
    QUIT
  `,
  'PUBLISH of a subscriber itself': `
    frames: SUBSCRIBE a
    frames: PUBLISH a x
    frames: UNSUBSCRIBE
    PUBLISH a x
  `,
  PUBSUB: `
    PUBSUB CHANNELS
    PUBSUB NUMSUB
    PUBSUB NUMSUB a
    PUBSUB NUMPAT
    2> frames: SUBSCRIBE a
    3> frames: SUBSCRIBE a
    3> frames: PSUBSCRIBE x* y*
    2> frames: PSUBSCRIBE x*
    PUBSUB CHANNELS
    PUBSUB CHANNELS a*
    PUBSUB CHANNELS none
    PUBSUB CHANNELS a b
    PUBSUB NUMSUB a none a
    PUBSUB NUMPAT
    PUBSUB NUMPAT x
    PUBSUB FOO
    PUBSUB
    shape: PUBSUB HELP
    PUBSUB channels
  `,
  'PUBLISH in MULTI': `
    2> frames: SUBSCRIBE a
    MULTI
    PUBLISH a 1
    PUBLISH a 2
    EXEC
    2> frames: PING
    MULTI
    PUBLISH a 3
    DISCARD
    2> frames: PING
  `,
};
