// Commands of very many arguments, done a part at a time: others have their turn in between.

import { RoomError } from '../../errors.ts';
import type { Call } from './call.ts';
import type { CommandContext } from './context.ts';

/**
 * Calls `run` with each `step`th argument from `first` on, so many a turn. The arguments are kept, and charged,
 * meanwhile. Throws RoomError before anything was done.
 */
export function inTurns(
  { client, turn }: CommandContext,
  given: Call,
  { first, step, aTurn }: { readonly first: number; readonly step: number; readonly aTurn: number },
  run: (call: Call, i: number) => void,
): Promise<void> {
  const { account } = client.port;
  const bytes = given.keptBytes;
  if (!account.charge(bytes)) throw new RoomError('there is no memory left to keep the arguments');
  const call = given.keep();
  const goOn = async (): Promise<void> => {
    try {
      for (let i = first; i < call.count; ) {
        for (let n = 0; n < aTurn && i < call.count; n++, i += step) run(call, i);
        if (i < call.count) await turn();
      }
    } finally {
      account.release(bytes);
    }
  };
  return goOn();
}
