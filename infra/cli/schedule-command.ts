import { isDeepStrictEqual } from 'node:util'
import { Command, Option } from 'commander'
import { calendarProblem, MISSED, type Missed } from '../../actors/definition/calendar.ts'
import type { Schedule } from '../../actors/kinds/schedule/kind.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { readSchedule, readSchedules, scheduleAddress, SCHEDULES_MAX, type SetSchedule } from '../../pipeline/operator/schedules.ts'
import type { OutgoingInput } from '../../pipeline/producer/input-sender.ts'
import { createProducer } from '../../pipeline/producer/producer.ts'
import { ColloquyError, ForeignCodeError } from '../../schemas/errors.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { printable } from '../app/terminal-output.ts'
import { objectArgument, targetArgument, tokenArgument } from './arguments.ts'
import { sendInput, untilDecided } from './send-input.ts'

interface Options extends JsonOption {
  readonly tenant: string
}

interface AddOptions extends Options {
  readonly timeZone?: string
  readonly missed?: Missed
  readonly missedMax?: number
  readonly force?: true
}

export const scheduleCommand = (cli: CommandContext): Command =>
  new Command().addCommand(addCommand(cli)).addCommand(listCommand(cli)).addCommand(removeCommand(cli))

const withTenant = (command: Command, json: string): Command =>
  command.option('--tenant <tenant>', 'tenant of the schedule and of the actor', tokenArgument, 'default').option(JSON_FLAG, json)

const addCommand = (cli: CommandContext): Command =>
  withTenant(new Command('add'), 'one JSON object: {name, schedule, due, sent, skipped}')
    .description('send an input to an actor again and again; a schedule of that name is replaced')
    .argument('<name>', 'name of the schedule', tokenArgument)
    .argument('<every>', 'cron: minute, hour, day of the month, month, day of the week, such as "0 8 * * 1-5"')
    .argument('<actor>', 'kind/id of the actor that gets the input', targetArgument)
    .argument('<type>', 'type of the input')
    .argument('[json]', 'data of the input: a JSON object', objectArgument, {})
    .option('--time-zone <zone>', 'IANA name, such as Asia/Shanghai (default: UTC)')
    .addOption(new Option('--missed <how>', 'what becomes of times at which nothing ran (default: once)').choices(MISSED))
    .option('--missed-max <n>', 'with --missed all: make up for at most this many, the last ones (default: 10)', wholeNumber(1))
    .option('--force', 'add it although its kind does not exist, does not declare the type, or refuses the data')
    .addHelpText(
      'after',
      `
Times at which nothing ran, in an outage:
  once   the first is made up for, late
  skip   none is
  all    each is, oldest first

When clocks change, a time of day that does not occur is due at the first moment after the gap, and one that occurs twice is due once.

Examples:
  colloquy schedule add morning "0 8 * * 1-5" digest/all digest.due --tenant acme --time-zone Asia/Shanghai
  colloquy schedule add tidy "*/15 * * * *" cleaner/main tidy '{"keepDays":30}' --missed skip`,
    )
    .action(async (name: string, every: string, target: Target, type: string, data: Data, { tenant, json, force, ...how }: AddOptions) => {
      const { timeZone, missed, missedMax } = how
      const schedule: Schedule = {
        every,
        ...(timeZone !== undefined && { timeZone }),
        ...(missed !== undefined && { missed }),
        ...(missedMax !== undefined && { missedMax }),
        ...target,
        type,
        data,
      }
      const problem = calendarProblem(schedule)
      if (problem !== undefined) throw new ColloquyError('bad_schedule', problem)
      const set = await change(cli, tenant, name, async (jetstream) => {
        await refuseTooMany(jetstream, tenant, name)
        await advise(cli, jetstream, { tenant, ...target, type, data }, force === true)
        return {
          input: { type: 'schedule.set', data: schedule },
          effect: (now) => (now !== undefined && isDeepStrictEqual(now.schedule, schedule) ? now : undefined),
        }
      })
      if (json) cli.out.json(set)
      else cli.out.line(`${name} of ${tenant}: ${type} to ${target.kind}/${target.id}, next at ${set.due ?? 'no time'}`)
    })

const listCommand = ({ out, settings }: CommandContext): Command =>
  withTenant(new Command('ls'), 'one JSON object per schedule: {name, schedule, due, sent, skipped}')
    .description('list the schedules of a tenant, with what is due next')
    .action(async ({ tenant, json }: Options) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const schedules = await readSchedules(jetstream, tenant)
        if (json) return schedules.forEach((schedule) => out.json(schedule))
        if (schedules.length === 0) return out.note(`The tenant ${tenant} has no schedule.`)
        return out.table(
          ['name', 'every', 'time zone', 'actor', 'input', 'missed', 'next', 'sent', 'skipped'],
          schedules.map(({ name, schedule: { every, timeZone = 'UTC', kind, id, type, missed = 'once' }, due, sent, skipped }) => [
            out.paint('cyan', name),
            printable(every),
            printable(timeZone),
            `${kind}/${id}`,
            printable(type),
            missed,
            due ?? '',
            String(sent),
            String(skipped),
          ]),
        )
      })
    })

const removeCommand = (cli: CommandContext): Command =>
  withTenant(new Command('rm'), 'one JSON object: {name}')
    .description('remove a schedule: nothing is due any more')
    .argument('<name>', 'name of the schedule', tokenArgument)
    .action(async (name: string, { tenant, json }: Options) => {
      await change(cli, tenant, name, async (jetstream) => {
        if ((await readSchedule(jetstream, tenant, name)) === undefined) {
          throw new ColloquyError('no_schedule', `the tenant ${tenant} has no schedule "${name}"; "colloquy schedule ls" lists them`)
        }
        return { input: { type: 'schedule.removed', data: {} }, effect: (now) => (now === undefined ? true : undefined) }
      })
      if (json) cli.out.json({ name })
      else cli.out.line(`${name} of ${tenant} is removed`)
    })

type Target = Pick<Schedule, 'kind' | 'id'>
type Data = Schedule['data']

/** An input to a schedule, and what the schedule is once it has had its effect. */
interface Change<T> {
  readonly input: Pick<OutgoingInput, 'type' | 'data'>
  readonly effect: (now: SetSchedule | undefined) => T | undefined
}

/** @throws ColloquyError `schedule_not_changed` */
const change = <T>(
  { out, settings }: CommandContext,
  tenant: string,
  name: string,
  changeFor: (jetstream: JetStreamContext) => Promise<Change<T>>,
): Promise<T> =>
  withJetStream(settings().settings, async (jetstream) => {
    const { input, effect } = await changeFor(jetstream)
    await sendInput(jetstream.nc, { out }, scheduleAddress(tenant, name), { source: 'schedule', ...input })
    const notYet = { code: 'schedule_not_changed', what: `the schedule "${name}"`, tenant } as const
    return untilDecided(async () => effect(await readSchedule(jetstream, tenant, name)), notYet)
  })

async function refuseTooMany(jetstream: JetStreamContext, tenant: string, name: string): Promise<void> {
  const others = (await readSchedules(jetstream, tenant)).filter((schedule) => schedule.name !== name)
  if (others.length < SCHEDULES_MAX) return
  throw new ColloquyError('too_many_schedules', `the tenant ${tenant} has ${others.length} schedules; at most ${SCHEDULES_MAX}`)
}

/** Refuses an input that its actor would reject each time. */
async function advise(
  { out }: CommandContext,
  { nc }: JetStreamContext,
  input: { readonly tenant: string; readonly kind: string; readonly id: string; readonly type: string; readonly data: Data },
  isForced: boolean,
): Promise<void> {
  const producer = await createProducer(nc)
  try {
    const advice = await producer.advice(input)
    if (advice === undefined) out.note('type and data are not checked: no process that answers has this kind')
    else if (advice && isForced) out.note(`${advice.code}: ${advice.message}`)
    else if (advice) throw new ForeignCodeError(advice.code, `${advice.message}. Nothing was set; --force sets it as it is`)
  } finally {
    await producer.close()
  }
}
