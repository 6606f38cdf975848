import { CHILD_START, type ChildMessage, isChildMessage, readChildMessage } from '../../schemas/child-messages.ts'
import { RESOLUTION_TYPE } from '../../schemas/dead-letter-resolution.ts'
import { RESERVED_ID_PREFIX, RESERVED_TYPE } from '../../schemas/envelope.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { ANSWER_JUDGED } from '../../schemas/events.ts'
import { type InternalInput, internalSchema } from '../../schemas/internal-messages.ts'
import { parseJson } from '../../schemas/json.ts'
import { isOperatorEvent } from '../../schemas/operator-events.ts'
import type { LogRecord, Sent, State } from '../../schemas/record.ts'
import type { Address } from '../../schemas/subjects.ts'
import { newActor } from '../core/actor.ts'
import { type Deviation, replayRecord } from '../core/replay.ts'
import { differenceLines } from '../core/value-differences.ts'
import { type Kind, kindsByName } from '../definition/kind.ts'
import { type Act, perform } from './acts.ts'
import { startByParent } from './child-acts.ts'
import { failure } from './failure.ts'
import { type Scenario, scenarioOf } from './scenario.ts'
import { actCode, call, chainCode, literal } from './scenario-code.ts'
import { createWorld, nextScheduled, startStep, timeText, type World } from './simulated-world.ts'

/** A difference between a recorded decision and today's. */
export interface RecordDeviation extends Deviation {
  readonly record: LogRecord
}

/** An actor's recorded history as a test of today's kind. */
export interface Recording<K extends Kind> {
  readonly address: Address
  /** Oldest first. */
  readonly records: readonly LogRecord[]
  /** The first record that today's kind decides differently; undefined where there is none. Later differences may follow from the first. */
  readonly deviation: RecordDeviation | undefined
  /**
   * Fails where today's kind decides a record differently; otherwise returns a scenario after the last record.
   *
   * @throws AssertionError with the first record that differs, the recorded values and today's
   */
  thenAsRecorded(): Scenario<K>
  /** The history as the code of a test that works without the recording: keep it with the code, shorten it, change it. */
  toCode(): string
}

/** @throws ColloquyError `no_history` where there is no record */
export function createRecording<K extends Kind>(kind: K, address: Address, records: readonly LogRecord[]): Recording<K> {
  const [first] = records
  if (first === undefined) {
    const key = `${address.tenant}/${address.kind}/${address.id}`
    throw new ColloquyError('no_history', `${key} has no records; check tenant, kind and id with "colloquy show"`)
  }
  const { deviation, world } = replay(kind, address, records)
  const recording: Recording<K> = {
    address,
    records,
    deviation,
    thenAsRecorded() {
      if (deviation === undefined) return scenarioOf(world, true)
      const { record, cause, differences } = deviation
      const lines = differenceLines(differences).map((line) => `\n  ${line}`)
      throw failure(world, `today, record ${record.n} would differ: ${cause}${lines.join('')}`, {
        expected: Object.fromEntries(differences.map(({ path, expected }) => [path, expected])),
        actual: Object.fromEntries(differences.map(({ path, actual }) => [path, actual])),
        calledBy: recording.thenAsRecorded,
      })
    },
    toCode: () => codeOf(kind, address, records),
  }
  return recording
}

/**
 * Decides the recorded inputs again, in order and up to the first difference. Each decision starts from the actor that today's kind made of
 * the earlier inputs.
 */
function replay(kind: Kind, address: Address, records: readonly LogRecord[]): { deviation: RecordDeviation | undefined; world: World } {
  const kinds = kindsByName([kind])
  let actor = newActor(address)
  for (const [index, record] of records.entries()) {
    const replayed = replayRecord(kinds, actor, record)
    const steps = [
      { what: `the recorded history of ${address.tenant}/${address.kind}/${address.id}`, records: records.slice(0, index + 1) },
    ]
    const world = { ...createWorld(kind, { ...address, at: record.at }), seq: record.inbox.seq, steps }
    if (replayed.kind === 'differs') return { deviation: { ...replayed.deviation, record }, world }
    actor = replayed.next
    if (index === records.length - 1) return { deviation: undefined, world: { ...world, actor } }
  }
  return { deviation: undefined, world: createWorld(kind, address) }
}

function codeOf(kind: Kind, address: Address, records: readonly LogRecord[]): string {
  const at = records[0]?.at ?? ''
  const { tenant, id } = address
  const [first] = records
  const begun = first?.input.type === CHILD_START ? { input: first.input.data?.['input'] } : undefined
  const world = createWorld(kind, { tenant, id, at })
  const calls =
    first === undefined || begun === undefined
      ? callsOf(world, records)
      : [...expectationsOf(first, null), ...callsOf(startByParent(startStep(world, ''), begun.input), records.slice(1), first)]
  return chainCode(`given(${kind.name}, ${literal({ tenant, id, at, ...begun })})`, calls)
}

/** The calls that repeat the history, with an expectation for each recorded effect. */
function callsOf(start: World, records: readonly LogRecord[], earlier?: LogRecord): string[] {
  const calls: string[] = []
  let world = start
  const act = (next: Act): boolean => {
    const after = perform(world, next)
    calls.push(actCode(next))
    if (typeof after === 'string') calls.push(`// today this is not possible: ${after}`)
    else world = after
    return typeof after !== 'string'
  }
  for (const [index, record] of records.entries()) {
    // Neither is an act of a test: the machine saw neither.
    if (RESOLUTION_TYPE.test(record.input.type) || isJudged(record)) continue
    if (isOperatorEvent(record.input.type)) {
      calls.push(`// record ${record.n}: ${record.input.type}, which no test can do; what follows is left out`)
      break
    }
    // A timer or deadline that was recorded late must not be delivered before its turn.
    const untilMs = Math.min(Date.parse(record.at), (nextScheduled(world)?.atMs ?? Infinity) - 1)
    const before = (records[index - 1] ?? earlier)?.state ?? null
    const next = actOf(record, before)
    const movesClock = next.act === 'fires' || next.act === 'expires'
    if (untilMs > world.nowMs && !movesClock) act({ act: 'until', time: timeText(untilMs) })
    if (!act(next)) break
    calls.push(...expectationsOf(record, before))
  }
  return calls
}

/** Whether the record is of a judgement of the role judge. A producer's attempt at one is rejected, and is an act like any other. */
const isJudged = ({ input, subject = 'int.' }: LogRecord): boolean => input.type === ANSWER_JUDGED && subject.startsWith('int.')

/** @param before the state before the record, with its pending runs */
function actOf(record: LogRecord, before: State | null): Act {
  const { input, outcome, payload = '', subject = '' } = record
  if (outcome === 'rejected') {
    return internalAct(internalSchema.safeParse(parseJson(payload)).data, before, subject) ?? { act: 'raw', body: payload }
  }
  const { id, type, source, time, sequence, correlationid, causationid, history, data = {} } = input
  const ofChild = isChildMessage(type) ? childAct(readChildMessage(input), before) : undefined
  if (ofChild !== undefined) return ofChild
  const inside = RESERVED_TYPE.test(type) ? internalAct(internalSchema.safeParse({ type, ...data }).data, before) : undefined
  if (inside !== undefined) return inside
  const own = id.startsWith(RESERVED_ID_PREFIX) ? undefined : id
  const ownTime = time === record.inbox.ts ? undefined : time
  return {
    act: 'when',
    type,
    data,
    attributes: { id: own, source: source === 'test' ? undefined : source, time: ownTime, sequence, correlationid, causationid, history },
  }
}

/** The end of a child that was running, or the stop by the parent. */
function childAct(message: ChildMessage | undefined, before: State | null): Act | undefined {
  if (message === undefined || message.what === 'start') return undefined
  if (message.what === 'stop') return { act: 'stops' }
  const child = before?.children?.[message.run]?.child
  if (child === undefined) return undefined
  return message.what === 'done' ? { act: 'childEnds', child, output: message.output } : { act: 'childFails', child, error: message.error }
}

function internalAct(message: InternalInput | undefined, before: State | null, subject = 'int.'): Act | undefined {
  if (message === undefined || !subject.startsWith('int.') || !('run' in message)) return undefined
  const task = before?.tasks[message.run]?.task ?? ''
  switch (message.type) {
    case 'task.done':
      return { act: 'ends', task, output: message.output }
    case 'task.failed':
      return { act: 'fails', task, error: message.error }
    case 'task.expired':
      return { act: 'expires', task }
    case 'timer.fired': {
      const { timers = {} } = before ?? {}
      return { act: 'fires', event: Object.keys(timers).length > 1 ? timers[message.run]?.event.type : undefined }
    }
  }
}

/** The ids of children and of the parent are made up in each run: a test does not name them. */
function isToRelative({ kind, actor }: Sent, { state, case: { parent } }: LogRecord, before: State | null): boolean {
  const children = [...Object.values(state?.children ?? {}), ...Object.values(before?.children ?? {})]
  return (parent?.kind === kind && parent.id === actor) || children.some((child) => child.kind === kind && child.actor === actor)
}

function expectationsOf(record: LogRecord, before: State | null): string[] {
  if (record.reason !== undefined) return [call('thenRejected', record.reason)]
  return [
    ...(record.to === record.from || record.to === '' ? [] : [call('thenState', record.to)]),
    ...record.emitted.map(({ type, data }) => call('thenEmitted', type, data)),
    ...record.started.map(({ task, input }) => call('thenTask', task, input)),
    ...(record.sent ?? [])
      .filter(({ type }) => type === CHILD_START)
      .map(({ data }) => call('thenChild', data['child'], ...(data['input'] === undefined ? [] : [data['input']]))),
    ...(record.sent ?? [])
      .filter((sent) => !isChildMessage(sent.type) && !isToRelative(sent, record, before))
      .map(({ kind, actor, type, data }) => call('thenSent', kind, actor, type, data)),
    ...(record.status === 'active' || record.status === 'none' ? [] : [call('thenStatus', record.status)]),
  ]
}
