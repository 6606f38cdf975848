import { Command } from 'commander'
import { byIntent, type ExampleFile, readExampleFile } from '../../../pipeline/ingest/intents/example-file.ts'
import { teachIntents } from '../../../pipeline/ingest/intents/intents-client.ts'
import { counted } from '../../../schemas/counted.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import type { CommandContext } from '../../app/command-context.ts'
import { printable } from '../../app/terminal-output.ts'
import { revise, type SetOptions, TAUGHT_JSON, withSet } from './set-option.ts'

interface Options extends SetOptions {
  readonly replace?: true
}

const BAD_SHOWN_MAX = 20

export const teachCommand = (cli: CommandContext): Command =>
  withSet(new Command('teach'), TAUGHT_JSON)
    .description('teach examples of intents from a file, as one new version of the set')
    .argument('<file>', 'JSON lines {"text", "intent"} or {"text", "intents"} (.jsonl, .jsonl.gz), or CSV with the columns text and intent')
    .option('--replace', 'forget the intents that the file does not name')
    .addHelpText(
      'after',
      `
The intents that the file names then have just the examples of the file; all others stay as they are. Running the command again sends only
what differs. If a line of the file cannot be read, examples are added and none is removed. Lines without an intent, or with the intent
"out_of_scope", are examples of what is none of them.

Examples:
  colloquy intents teach intents.jsonl --tenant acme
  colloquy understand "我想退货" --tenant acme`,
    )
    .action(async (path: string, options: Options) => {
      const file = await readExampleFile(path)
      if (file.examples.length === 0) throw badLines(path, file) ?? new ColloquyError('bad_file', `${path} has no example`)
      const bad = badLines(path, file)
      // A line that cannot be read may have been an example that was taught before.
      if (bad !== undefined && options.replace === true) {
        throw new ColloquyError('not_all_taught', `nothing was taught: --replace needs a file without bad lines. ${bad.message}`)
      }
      await revise(cli, options, ({ deps, options: revising }) =>
        teachIntents(deps, options, byIntent(file.examples), {
          ...revising,
          forgetsOthers: options.replace === true,
          keepsOthers: bad !== undefined,
        }),
      )
      if (bad !== undefined) throw bad
    })

function badLines(path: string, { bad }: ExampleFile): ColloquyError | undefined {
  if (bad.length === 0) return undefined
  const listed = bad.slice(0, BAD_SHOWN_MAX).map(({ line, problem }) => `  line ${line}: ${printable(problem)}`)
  const more = bad.length > BAD_SHOWN_MAX ? [`  and ${bad.length - BAD_SHOWN_MAX} more`] : []
  return new ColloquyError(
    'not_all_taught',
    [`${counted(bad.length, 'line')} of ${path} not taught, and no example removed:`, ...listed, ...more].join('\n'),
  )
}
