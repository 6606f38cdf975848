import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import { attachNats } from '../launch/attach.ts'
import { actorArgument } from './arguments.ts'
import { JSON_FLAG, type Cli, type JsonOption } from './cli.ts'
import { createSender, inputProblem } from './sender.ts'

interface Options extends JsonOption {
  readonly id?: string
  readonly time?: string
  readonly source?: string
  readonly file?: string
}

const ATTEMPTS_MAX = 5
const SHOWN_CHARS_MAX = 200

export const publishCommand = ({ out, settings }: Cli): Command =>
  new Command('publish')
    .description('publish one input as a producer does, and print its position in INBOX')
    .argument('<actor>', 'tenant/kind/id, or kind/id of the tenant "default"', actorArgument)
    .argument('<type>', 'what happened, such as message.received')
    .argument('[json]', 'the data of the event: a JSON object')
    .option('--file <path>', 'read the JSON from a file; - reads stdin')
    .option('--id <id>', 'unique in the actor; the same again changes nothing (default: a random one)')
    .option('--time <time>', 'when it happened, RFC 3339 (default: its arrival)')
    .option('--source <source>', 'who says so (default: nats)')
    .option(JSON_FLAG, 'one JSON object: {actor, id, position, duplicate}')
    .addHelpText('after', `
Example:
  colloquy publish acme/support/c1 message.received '{"role":"user","text":"你好, where is my order?"}'`)
    .action(async (address: Address, type: string, json: string | undefined, options: Options) => {
      const { file, json: asJson, id = randomUUID(), ...given } = options
      const input = { type, id, ...given, data: readData(await dataText(json, file)) }
      const problem = inputProblem(input)
      if (problem !== undefined) throw new ColloquyError('bad_input', `it would be rejected: ${problem}`)

      const nc = await attachNats(settings().settings, 'producer')
      const sender = createSender(nc, { attemptsMax: ATTEMPTS_MAX, onWait: (why) => out.note(`${why}; trying again`) })
      try {
        const sent = await sender.send(address, input)
        const actor = actorKey(address)
        if (asJson) out.json({ actor, id, ...sent })
        else out.line(`${actor}  position ${sent.position}  id ${id}${sent.duplicate ? '  (it was there already)' : ''}`)
      } finally {
        await sender.close()
        await nc.close()
      }
    })

async function dataText(json: string | undefined, file: string | undefined): Promise<string> {
  if ((json === undefined) === (file === undefined)) {
    throw new ColloquyError('no_data', 'give the JSON as the third argument, or its file with --file')
  }
  if (json !== undefined) return json
  return file === '-' ? text(process.stdin) : readFile(file ?? '', 'utf8')
}

const dataShape = z.record(z.string(), z.unknown())

function readData(json: string): Record<string, unknown> {
  const { data } = dataShape.safeParse(parseJson(json))
  if (data !== undefined) return data
  throw new ColloquyError('bad_json', `the data must be a JSON object, and is ${JSON.stringify(json.slice(0, SHOWN_CHARS_MAX))}`)
}
