import { Command } from 'commander'
import { type DeadLetter, findDeadLetter } from '../../../pipeline/dead-letters/dead-letters.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { decodeUtf8 } from '../../../schemas/json.ts'
import { actorKey } from '../../../schemas/subjects.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../../app/command-context.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import { wholeNumber } from '../../app/number-arguments.ts'
import { onOneLine, type Output, printable } from '../../app/terminal-output.ts'
import { described } from './dead-ls.ts'

interface Options extends JsonOption {
  readonly raw?: true
}

export const showCommand = ({ out, settings }: CommandContext): Command =>
  new Command('show')
    .description('show one dead letter: its reason, its headers and its payload')
    .argument('<seq>', 'its DEAD sequence, as "dead ls" shows it', wholeNumber(1))
    .option('--raw', 'print only the bytes of the payload')
    .option(JSON_FLAG, 'one JSON object; a payload that is not UTF-8 comes as payloadBase64')
    .action(async (seq: number, options: Options) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const deadLetter = await findDeadLetter(jetstream, seq)
        if (deadLetter === undefined) throw noSuchDeadLetter(seq)
        if (options.raw) out.stdout.write(deadLetter.payload)
        else if (options.json) out.json({ ...described(deadLetter), headers: deadLetter.headers, ...payloadJson(deadLetter) })
        else print(out, deadLetter)
      })
    })

export const noSuchDeadLetter = (seq: number): ColloquyError =>
  new ColloquyError(
    'no_such_letter',
    `DEAD has no dead letter ${seq}: it was redriven or dropped, or never existed; "colloquy dead ls --each" lists all`,
  )

function payloadJson({ payload }: DeadLetter): object {
  const text = decodeUtf8(payload)
  return text === undefined ? { payloadBase64: Buffer.from(payload).toString('base64') } : { payload: text }
}

function print(out: Output, deadLetter: DeadLetter): void {
  out.line(`${'actor'.padEnd(9)} ${actorKey(deadLetter.address)}`)
  out.line(`${'reason'.padEnd(9)} ${out.paint('red', deadLetter.reason)}`)
  out.line(`${'error'.padEnd(9)} ${onOneLine(deadLetter.error)}`)
  out.line(`${'at'.padEnd(9)} ${deadLetter.at}`)
  out.line()
  for (const [name, value] of Object.entries(deadLetter.headers)) out.line(`${out.paint('gray', `${name}:`)} ${printable(value)}`)
  out.line()
  if (out.isTerminal) out.line(printable(Buffer.from(deadLetter.payload).toString()))
  else out.stdout.write(deadLetter.payload)
}
