import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { NatsConnection } from '@nats-io/transport-node'
import { Command, Option } from 'commander'
import { z } from 'zod'
import { inputProblem } from '../../pipeline/producer/input-sender.ts'
import { createProducer, type Producer } from '../../pipeline/producer/producer.ts'
import { InputRefusedError } from '../../pipeline/producer/producer-errors.ts'
import type { Receipt } from '../../pipeline/producer/receipt.ts'
import type { PublishAdvice } from '../../pipeline/producer/receipt-service.ts'
import { type Wait, WAITS } from '../../pipeline/producer/wait-for.ts'
import { namingFile } from '../../pipeline/runtime/file-errors.ts'
import { ColloquyError, ForeignCodeError } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { connectToRunningNats } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { onOneLine } from '../app/terminal-output.ts'
import { actorArgument } from './arguments.ts'

interface Options extends JsonOption {
  readonly id?: string
  readonly time?: string
  readonly source?: string
  readonly file?: string
  readonly wait?: Wait
  readonly force?: true
  readonly timeoutMs: number
}

const TIMEOUT_DEFAULT_MS = 10_000
const SHOWN_CHARS_MAX = 200

export const publishCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('<actor>', 'tenant/kind/id, or kind/id of the tenant "default"', actorArgument)
    .argument('<type>', 'the type of the event, such as message.received')
    .argument('[json]', 'the data of the event: a JSON object')
    .option('--file <path>', 'read the JSON from a file; - reads stdin')
    .option('--id <id>', 'message id; a second input with the same id is a duplicate and changes nothing (default: random)')
    .option('--time <time>', 'when it happened, RFC 3339 (default: when it arrives)')
    .option('--source <source>', 'where it comes from (default: nats)')
    .addOption(new Option('--wait <what>', "wait for its actor's decision, its events on OUT, or its rows in the tables").choices(WAITS))
    .option('--force', 'publish it although its kind does not exist, does not declare the type, or refuses the data')
    .option('--timeout-ms <n>', 'give up after this long', wholeNumber(1), TIMEOUT_DEFAULT_MS)
    .option(JSON_FLAG, 'one JSON object: {actor, id, position, duplicate, durability}, and with --wait {outcome, reason?, error?}')
    .addHelpText(
      'after',
      `
Example:
  colloquy publish acme/support/c1 message.received '{"text":"你好, where is my order?"}'`,
    )
    .action(async (address: Address, type: string, json: string | undefined, options: Options) => {
      const { file, json: asJson, id = randomUUID(), wait, timeoutMs, force, ...given } = options
      const input = { type, id, ...given, data: readData(await dataText(json, file)) }
      const problem = inputProblem(input)
      if (problem !== undefined) throw new InputRefusedError('bad_input', `the input would be rejected: ${problem}`)

      const nc = await connectToRunningNats(settings().settings)
      try {
        await using producer = await openProducer(nc)
        const publication = { ...address, ...given, type, data: input.data, messageId: id }
        const advice = await producer.advice(publication)
        if (advice === undefined) out.note('type and data are not checked: no process that answers has this kind')
        if (advice && force === true) out.note(`${advice.code}: ${onOneLine(advice.message)}`)
        else if (advice) throw refusal(advice)
        const onWait = (why: string): void => out.note(`${why}; trying again`)
        const receipt = await producer.publish(publication, { wait, timeoutMs, onWait })
        if (asJson) out.json({ actor: actorKey(address), ...receipt })
        else out.line(receiptLine(address, receipt))
        // Like 422 over HTTP: the input is stored, and it has no effect.
        if (receipt.outcome === 'rejected') process.exitCode = 1
      } finally {
        await nc.close()
      }
    })

/** A producer whose requests have ended when the command ends. */
async function openProducer(nc: NatsConnection): Promise<Producer & AsyncDisposable> {
  const producer = await createProducer(nc)
  return { ...producer, [Symbol.asyncDispose]: () => producer.close() }
}

const refusal = ({ code, message }: PublishAdvice): ColloquyError =>
  new ForeignCodeError(code, `${message}${message.endsWith('?') ? '' : '.'} Nothing was published; --force publishes it as it is`)

function receiptLine(address: Address, { position, id, duplicate, outcome, reason, error }: Receipt): string {
  const became = outcome === undefined ? '' : `  ${outcome}${reason === undefined ? '' : `: ${reason} (${onOneLine(error ?? '')})`}`
  return `${actorKey(address)}  position ${position}  id ${id}${duplicate ? '  (already there)' : ''}${became}`
}

async function dataText(json: string | undefined, file: string | undefined): Promise<string> {
  if ((json === undefined) === (file === undefined)) {
    throw new ColloquyError('no_data', 'give the JSON as the third argument, or a file with --file')
  }
  if (json !== undefined) return json
  return file === '-' ? text(process.stdin) : namingFile(file ?? '', readFile(file ?? '', 'utf8'))
}

const dataShape = z.record(z.string(), z.unknown())

function readData(json: string): Record<string, unknown> {
  const { data } = dataShape.safeParse(parseJson(json))
  if (data !== undefined) return data
  throw new ColloquyError('bad_json', `the data must be a JSON object, not ${JSON.stringify(json.slice(0, SHOWN_CHARS_MAX))}`)
}
