import { Command, Option } from 'commander'
import { ColloquyError } from '../../schemas/errors.ts'
import { decodeUtf8 } from '../../schemas/json.ts'
import { REASONS } from '../../schemas/record.ts'
import { actorKey } from '../../schemas/subjects.ts'
import { withBus } from '../launch/attach.ts'
import { tokenArgument, wholeNumber } from './arguments.ts'
import { JSON_FLAG, type Cli, type JsonOption } from './cli.ts'
import { findLetter, newestLetters, type Letter } from './letters.ts'
import { printable, type Output } from './output.ts'

interface ListOptions extends JsonOption {
  readonly reason?: string
  readonly tenant?: string
  readonly limit: number
}

interface ShowOptions extends JsonOption {
  readonly raw?: true
}

const LIST_DEFAULT = 50

export const deadCommand = (cli: Cli): Command =>
  new Command('dead')
    .description('what was rejected, and tasks that failed for good')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))

const listCommand = ({ out, settings }: Cli): Command =>
  new Command('ls')
    .description('list dead letters, the newest last')
    .addOption(new Option('--reason <reason>', 'only these').choices(REASONS))
    .option('--tenant <tenant>', 'only this tenant\'s', tokenArgument)
    .option('--limit <n>', 'so many of the newest', wholeNumber(1), LIST_DEFAULT)
    .option(JSON_FLAG, 'one JSON object per letter')
    .action(async (options: ListOptions) => {
      await withBus(settings().settings, async (bus) => {
        const letters = await newestLetters(bus, options)
        if (options.json) for (const letter of letters) out.json(described(letter))
        else out.table(['seq', 'at', 'actor', 'reason', 'error'], letters.map((letter) => [
          String(letter.seq), letter.at, actorKey(letter.address), out.paint('red', letter.reason), printable(letter.error),
        ]))
      })
    })

const showCommand = ({ out, settings }: Cli): Command =>
  new Command('show')
    .description('show one dead letter: why, its headers, and its payload as it came')
    .argument('<seq>', 'its sequence, as "dead ls" shows it', wholeNumber(1))
    .option('--raw', 'nothing but the bytes of the payload')
    .option(JSON_FLAG, 'one JSON object; a payload that is not UTF-8 is in payloadBase64')
    .action(async (seq: number, options: ShowOptions) => {
      await withBus(settings().settings, async (bus) => {
        const letter = await findLetter(bus, seq)
        if (letter === undefined) throw noSuchLetter(seq)
        if (options.raw) out.stdout.write(letter.payload)
        else if (options.json) out.json({ ...described(letter), headers: letter.headers, ...payloadJson(letter) })
        else print(out, letter)
      })
    })

const noSuchLetter = (seq: number): ColloquyError =>
  new ColloquyError('no_such_letter', `DEAD has no letter ${seq}; "colloquy dead ls" lists them`)

const described = ({ seq, at, reason, error, address: { tenant, kind, id }, subject, logSeq, inboxSeq }: Letter): object =>
  ({ seq, at, reason, error, tenant, kind, id, subject, logSeq, inboxSeq })

function payloadJson({ payload }: Letter): object {
  const text = decodeUtf8(payload)
  return text === undefined ? { payloadBase64: Buffer.from(payload).toString('base64') } : { payload: text }
}

function print(out: Output, letter: Letter): void {
  out.line(`${'actor'.padEnd(9)} ${actorKey(letter.address)}`)
  out.line(`${'reason'.padEnd(9)} ${out.paint('red', letter.reason)}`)
  out.line(`${'error'.padEnd(9)} ${printable(letter.error)}`)
  out.line(`${'at'.padEnd(9)} ${letter.at}`)
  out.line()
  for (const [name, value] of Object.entries(letter.headers)) out.line(`${out.paint('gray', `${name}:`)} ${printable(value)}`)
  out.line()
  if (out.isTerminal) out.line(printable(Buffer.from(letter.payload).toString()))
  else out.stdout.write(letter.payload)
}
