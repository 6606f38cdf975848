import { Command } from 'commander'
import { ERROR_CODES } from '../../schemas/error-codes.ts'
import type { ErrorText } from '../../schemas/error-codes/error-text.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { errorsPage } from '../../schemas/errors-page.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'

const TEXTS: ReadonlyMap<string, ErrorText> = new Map(Object.entries(ERROR_CODES))

export const errorsCommand = ({ out }: CommandContext): Command =>
  new Command()
    .description('print the meaning, cause and remedy of each error code as Markdown, or those of one code')
    .argument('[code]', 'the code, as an error, a log line or a record shows it')
    .option(JSON_FLAG, 'one JSON object per code: {code, meaning, cause, remedy, where, http?}')
    .addHelpText(
      'after',
      `
Examples:
  colloquy errors
  colloquy errors bad_setting`,
    )
    .action((code: string | undefined, { json }: JsonOption) => {
      const asked = code === undefined ? [...TEXTS] : [[code, textOf(code)] as const]
      if (json) for (const [one, text] of asked) out.json({ code: one, ...text })
      else if (code === undefined) out.line(errorsPage().trimEnd())
      else
        for (const [one, { meaning, cause, remedy, where }] of asked)
          out.line(`${one}: ${meaning}\nWhy: ${cause}\nWhat to do: ${remedy}\nWhere: ${where}`)
    })

/** @throws ColloquyError `no_such_code` */
function textOf(code: string): ErrorText {
  const text = TEXTS.get(code)
  if (text !== undefined) return text
  throw new ColloquyError(
    'no_such_code',
    `no error of Colloquy has the code "${code}"; "colloquy errors" lists them. `
      + 'It may be a code of a task, of Node, of NATS or of ClickHouse',
  )
}
