// All commands, family by family: a family is one line. One that needs a part of its own is a function of it.

import type { Command } from '../command.ts';

export function allCommands(): Command[] {
  return [];
}
