import { Command } from 'commander'
import { forgetIntents, teachIntents } from '../../../pipeline/ingest/intents/intents-client.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import type { CommandContext } from '../../app/command-context.ts'
import { revise, type SetOptions, TAUGHT_JSON, withSet } from './set-option.ts'

interface Options extends SetOptions {
  readonly all?: true
}

export const forgetCommand = (cli: CommandContext): Command =>
  withSet(new Command('forget'), TAUGHT_JSON)
    .description('forget intents with all their examples, as one new version of the set')
    .argument('[intent...]', 'names of intents, as "ls" shows them')
    .option('--all', 'forget all intents of the set')
    .action(async (intents: string[], options: Options) => {
      if ((intents.length === 0) !== (options.all === true)) {
        throw new ColloquyError('bad_intent', 'name the intents to forget, or give --all')
      }
      await revise(cli, options, ({ deps, options: revising }) =>
        options.all === true
          ? teachIntents(deps, options, new Map(), { ...revising, forgetsOthers: true })
          : forgetIntents(deps, options, intents, revising),
      )
    })
