import { userInfo } from 'node:os'
import { Command } from 'commander'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import type { Placed } from '../../pipeline/jetstream/last-record.ts'
import { cancelActor, type ChangeOptions, resetActor } from '../../pipeline/operator/change-actor.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { actorArgument, textArgument } from './arguments.ts'
import { outcomeTexts, statesText } from './record-text.ts'

interface Options extends JsonOption {
  readonly by?: string
  readonly reason?: string
  readonly id?: string
  readonly timeoutMs: number
}

interface ResetOptions extends Options {
  readonly to: number
}

const TIMEOUT_DEFAULT_MS = 30_000
const TEXT_CHARS_MAX = { by: 256, reason: 1024, id: 256 }

/** `colloquy reset`. */
export const resetCommand = (cli: CommandContext): Command =>
  changeCommand()
    .requiredOption(
      '--to <n>',
      'the record: its state, as "colloquy show <actor> --at <n>" shows it, becomes the present one',
      wholeNumber(1),
    )
    .addHelpText(
      'after',
      `
Tasks and timers that are pending now are stopped, and late results of them are ignored. What was pending after record n begins again: a
task is started again, a timer gets the time that it had left then. What the actor has emitted and sent since stays so.

Example:
  colloquy reset acme/order/o1 --to 4 --reason "charged twice"`,
    )
    .action((address: Address, { to, ...options }: ResetOptions) =>
      run(cli, address, options, (jetstream, changing) => resetActor(jetstream, address, to, changing)),
    )

/** `colloquy cancel`. */
export const cancelCommand = (cli: CommandContext): Command =>
  changeCommand()
    .addHelpText(
      'after',
      `
The actor ends at once, in the state in which it is. Its tasks and timers are stopped, and later inputs are rejected as ended. A kind that
declares the event "actor.cancelled" gets it first, and what it emits then is delivered. "colloquy reset" opens the actor again.

Example:
  colloquy cancel acme/order/o1 --reason "a test order"`,
    )
    .action((address: Address, options: Options) =>
      run(cli, address, options, (jetstream, changing) => cancelActor(jetstream, address, changing)),
    )

const changeCommand = (): Command =>
  new Command()
    .argument('<actor>', 'tenant/kind/id, or kind/id of the tenant "default"', actorArgument)
    .option('--by <name>', 'who asks for it; its record says so (default: the user of this process)', textArgument(TEXT_CHARS_MAX.by))
    .option('--reason <text>', 'why; its record says so', textArgument(TEXT_CHARS_MAX.reason))
    .option('--id <id>', 'id of the change: repeating it has no second effect (default: random)', textArgument(TEXT_CHARS_MAX.id))
    .option('--timeout-ms <n>', 'give up waiting for its record after this long', wholeNumber(1), TIMEOUT_DEFAULT_MS)
    .option(JSON_FLAG, 'one JSON object: {actor, n, seq, outcome, reason?, error?, from, to, status, started, stopped}')

async function run(
  { out, settings }: CommandContext,
  address: Address,
  { json, by = userName(), reason, id, timeoutMs }: Options,
  work: (jetstream: JetStreamContext, options: ChangeOptions) => Promise<Placed>,
): Promise<void> {
  await withJetStream(settings().settings, async (jetstream) => {
    const onWait = (why: string): void => out.note(`${why}; trying again`)
    const { seq, record } = await work(jetstream, { by, reason, id, timeoutMs, onWait })
    const { n, outcome, from, to, status, started, stopped } = record
    if (json) {
      out.json({
        actor: actorKey(address),
        n,
        seq,
        outcome,
        reason: record.reason,
        error: record.error,
        from,
        to,
        status,
        started,
        stopped,
      })
    } else {
      const effects = outcomeTexts(record, out.paint).join('; ')
      out.line(`${actorKey(address)}  record ${n}  ${statesText(record)} (${status})${effects === '' ? '' : `  ${effects}`}`)
    }
    if (outcome === 'rejected') process.exitCode = 1
  })
}

/** The user of this process; undefined where the system has no name for it. */
function userName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}
