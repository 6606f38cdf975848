import { Command } from 'commander'
import { readActorRecords } from '../../pipeline/jetstream/actor-records.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { findRecord, lastRecord, type Placed, recordsOf } from '../../pipeline/jetstream/last-record.ts'
import { progressOfRuns, type ToldProgress } from '../../pipeline/task-runner/task-progress.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { openBucket } from '../app/prepare-streams.ts'
import { type Output, printable } from '../app/terminal-output.ts'
import { actorArgument } from './arguments.ts'
import { outcomeTexts, statesText, timerName } from './record-text.ts'

interface Options extends JsonOption {
  readonly at?: number
  readonly limit: number
}

const HISTORY_DEFAULT = 100

export const showCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('<actor>', 'tenant/kind/id, or kind/id of the tenant "default"', actorArgument)
    .option('--at <n>', 'as of its record n: 1, 2, 3… (default: the last)', wholeNumber(1))
    .option('--limit <n>', 'show this many of the newest records of its history', wholeNumber(1), HISTORY_DEFAULT)
    .option(
      JSON_FLAG,
      'one JSON object: {tenant, kind, id, n, state, status, machine, context, label, position, …, '
        + 'tasks, progress, timers, parent, children, history}',
    )
    .action(async (address: Address, options: Options) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const { at, last } = await find(jetstream, address, options.at)
        const from = Math.max(1, at.record.n - options.limit + 1)
        const history = await readActorRecords(jetstream, recordsOf(address), { from, to: at, limit: options.limit })
        const progress = await progressOfRuns(await openBucket(jetstream.nc), Object.keys(at.record.state?.tasks ?? {}))
        if (options.json) out.json(asJson(address, at, progress, history))
        else print(out, address, { at, last, progress }, history)
      })
    })

/** The record that was asked for, and the last one. */
async function find(jetstream: JetStreamContext, address: Address, n: number | undefined): Promise<{ at: Placed; last: Placed }> {
  const subject = recordsOf(address)
  const last = await lastRecord(jetstream, subject)
  const who = actorKey(address)
  if (last === undefined) throw new ColloquyError('unknown_actor', `${who} has no record; "colloquy tail" shows actors that have some`)
  const at = n === undefined ? last : await findRecord(jetstream, subject, last, (record) => record.n - n)
  if (at === undefined) throw new ColloquyError('unknown_record', `${who} has records 1 to ${last.record.n}, and no ${n}`)
  return { at, last }
}

type Progress = Readonly<Record<string, ToldProgress>>

const asJson = ({ tenant, kind, id }: Address, { seq, record }: Placed, progress: Progress, history: readonly Placed[]): object => ({
  tenant,
  kind,
  id,
  n: record.n,
  seq,
  at: record.at,
  state: record.to,
  status: record.status,
  machine: record.machine,
  context: record.state?.context ?? null,
  label: record.label,
  position: record.inbox.seq,
  case: record.case,
  tasks: record.state?.tasks ?? {},
  progress,
  timers: record.state?.timers ?? {},
  parent: record.case.parent ?? null,
  children: record.state?.children ?? {},
  history: history.map(decisionOf),
})

/** The decision in one record, without the resulting state. */
function decisionOf({ seq, record }: Placed): object {
  const { n, at, outcome, reason, error, input, from, to, emitted, sent, started, timers, stopped, ended } = record
  return { n, seq, at, outcome, reason, error, input, from, to, emitted, sent, started, timers, stopped, ended }
}

interface Shown {
  readonly at: Placed
  readonly last: Placed
  readonly progress: Progress
}

function print(out: Output, address: Address, { at: { seq, record }, last, progress }: Shown, history: readonly Placed[]): void {
  const { paint } = out
  const { tasks = {}, timers = {}, children = {} } = record.state ?? {}
  const { parent } = record.case
  const facts: (readonly [string, string])[] = [
    ['actor', paint('cyan', actorKey(address))],
    ['record', `${record.n} of ${last.record.n}, LOG sequence ${seq}, ${record.at}`],
    ['state', `${paint('bold', record.to || '·')} (${record.status})`],
    ...(parent === undefined
      ? []
      : [['parent', `${actorKey({ tenant: address.tenant, kind: parent.kind, id: parent.id })} (as ${printable(parent.child)})`] as const]),
    ['machine', record.machine],
    ['position', `${record.inbox.seq} (INBOX)`],
    ['label', printable(JSON.stringify(record.label))],
    ['context', printable(JSON.stringify(record.state?.context ?? null))],
    ...Object.entries(tasks).map(
      ([run, { task, deadlineAt }]) => ['task', `${task} until ${deadlineAt}${toldText(progress[run])}`] as const,
    ),
    ...Object.values(children).map(
      ({ child, kind, actor, startedAt }) =>
        ['child', `${actorKey({ tenant: address.tenant, kind, id: actor })} (as ${printable(child)}) since ${startedAt}`] as const,
    ),
    ...Object.values(timers).map(({ event, at }) => ['timer', `${printable(timerName(event.type))} at ${at}`] as const),
  ]
  for (const [name, text] of facts) out.line(`${name.padEnd(9)} ${text}`)
  out.line()
  if (history.length < record.n) out.line(paint('gray', `The last ${history.length} of ${record.n} records (--limit):`))
  out.table(
    ['n', 'at', 'input', 'state', 'outcome'],
    history.map(({ record: past }) => [
      String(past.n),
      past.at.slice(0, 23).replace('T', ' '),
      inputText(past),
      statesText(past),
      outcomeTexts(past, paint).join('; '),
    ]),
  )
}

const toldText = (told: ToldProgress | undefined): string =>
  told === undefined ? '' : `; attempt ${told.attempt} told ${printable(JSON.stringify(told.progress))} at ${told.at}`

const TEXT_CHARS_MAX = 48

/** The type, and the text of a message. */
function inputText({ input }: LogRecord): string {
  const text = input.data?.['text']
  if (typeof text !== 'string') return printable(input.type)
  const cut = text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX).toWellFormed()}…` : text
  return `${printable(input.type)} "${printable(cut)}"`
}
