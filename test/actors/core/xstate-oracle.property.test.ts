import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assign, createMachine, raise } from 'xstate'
import { z } from 'zod'
import { type Actor, actorAfter, newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import type { Message, PendingRecord } from '../../../actors/core/decision.ts'
import { replayRecord } from '../../../actors/core/replay.ts'
import { restoreSnapshot } from '../../../actors/core/snapshot.ts'
import { DefinitionError } from '../../../actors/definition/check-definition.ts'
import { compiledMachine } from '../../../actors/definition/compiled-machine.ts'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { type Kind, type Kinds, kindsByName } from '../../../actors/definition/kind.ts'
import { defineTask } from '../../../actors/definition/task-definition.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { inputSubject, internalSubject } from '../../../schemas/subjects.ts'
import { message, reread } from '../../support/core-helpers.ts'
import { cases, shrinkingBriefly } from '../../support/property-cases.ts'
import { INPUTS, randomImplementations, randomMachine, type RandomStep, randomSteps } from '../../support/random-machine.ts'
import { createOracle, type Shown } from '../../support/xstate-oracle.ts'

const START_MS = Date.parse('2026-01-01T00:00:00Z')
/** All cases take 40 s on an idle machine. */
const TIMEOUT_MS = 600_000
/** Later than any test: a task ends by the test, never by its deadline. */
const DEADLINE_MS = 1e9

const definition = defineKind({
  name: 'random',
  version: 1,
  context: z.looseObject({}),
  events: Object.fromEntries(INPUTS.map((type) => [type, z.object({})])),
  emits: { out: z.object({ text: z.string(), n: z.number() }) },
  tasks: {
    job: defineTask({
      input: z.unknown(),
      output: z.unknown(),
      deadlineMs: DEADLINE_MS,
      attemptsMax: 1,
      concurrencyMax: 1,
      run: async () => null,
    }),
  },
})

/** The kind of a machine; the path of a state where its `always` transitions are refused as an endless cycle. */
function kindOf(config: object): Kind | readonly string[] {
  try {
    return definition.with(createMachine({ context: {}, ...config }, { ...randomImplementations, actors: definition.xstate.actors }))
  } catch (error) {
    if (!(error instanceof DefinitionError) || error.code !== 'always_cycle') throw error
    const [path = ''] = error.refusals[0]?.where.split(',') ?? []
    return path === '(root)' ? [] : path.split('.')
  }
}

type Taken = 'taken' | 'endless' | 'bounded'

/**
 * An actor of ours: decided in memory and from its record before every input, with compiled transitions and with XState's own, and replayed
 * from its records.
 */
function createSubject(kind: Kind) {
  const kinds: Kinds = kindsByName([kind])
  const compiled: Kinds = kindsByName([{ ...kind, pure: compiledMachine(kind.machine, { observe: (by) => void (seen[by] += 1) }) }])
  const address = { tenant: 'acme', kind: kind.name, id: 'a1' }
  let [live, liveCompiled, reloaded, replayed] = [newActor(address), newActor(address), newActor(address), newActor(address)]
  let [nowMs, seq] = [START_MS, 0]
  const emitted: unknown[] = []

  const decideBoth = (at: Message): LogRecord | undefined => {
    const decided = (by: Kinds, actor: Actor): PendingRecord => {
      const decision = decide(by, actor, at, { now: at.ts, low: 0 }, true)
      if (decision.kind !== 'record') throw new Error(`decided as ${decision.kind}`)
      return decision
    }
    const fromRecord = decided(kinds, reloaded)
    const text = Buffer.from(fromRecord.encoded).toString()
    const [inMemory, compiledInMemory] = [decided(kinds, live), decided(compiled, liveCompiled)]
    for (const other of [inMemory, compiledInMemory, decided(compiled, reloaded)]) expect(Buffer.from(other.encoded).toString()).toBe(text)
    const record = reread(fromRecord.record)
    live = inMemory.next ?? actorAfter(address, record)
    liveCompiled = compiledInMemory.next ?? actorAfter(address, record)
    reloaded = actorAfter(address, record)
    const again = replayRecord(kinds, replayed, record)
    expect(again.kind === 'differs' ? again.deviation : again.kind).toBe('same')
    replayed = again.next
    return record
  }

  return {
    /** What became of a message; `endless` where the machine does not come to rest, `bounded` where it does too much until then. */
    take(body: object, from: 'producer' | 'internal' = 'producer'): Taken {
      seq += 1
      const subject = from === 'producer' ? inputSubject(address) : internalSubject(address)
      const record = decideBoth(message(seq, body, { ts: new Date(nowMs).toISOString(), origin: from, subject }))
      if (record?.outcome === 'committed') {
        emitted.push(...record.emitted.map(({ data }) => data))
        return 'taken'
      }
      if (record?.error?.startsWith('always_cycle: ') === true) return 'endless'
      if (record?.error?.startsWith('too_many_effects: ') === true) return 'bounded'
      throw new Error(`rejected: ${record?.error}`)
    },
    runOf: (child: string): string => Object.entries(reloaded.state?.tasks ?? {}).find(([, task]) => task.child === child)?.[0] ?? '',
    /** Moves the clock to the next timer. @returns its run */
    nextTimer(): string | undefined {
      const [next] = Object.entries(reloaded.state?.timers ?? {}).sort(([, one], [, other]) =>
        one.at < other.at ? -1 : one.at > other.at ? 1 : 0,
      )
      if (next === undefined) return undefined
      nowMs = Math.max(nowMs, Date.parse(next[1].at))
      return next[0]
    },
    shown(): Shown {
      const { state, status } = reloaded
      if (state === null) throw new Error('not started')
      const snapshot = restoreSnapshot(kind, state, status)
      if (live.snapshot !== undefined && status === 'active') {
        expect(live.snapshot._nodes.map(({ id }) => id)).toEqual(snapshot._nodes.map(({ id }) => id))
        expect(live.snapshot.value).toEqual(snapshot.value)
      }
      const history = state.history as Readonly<Record<string, readonly { readonly id: string }[]>>
      return {
        emitted: [...emitted],
        value: state.value,
        context: state.context,
        status,
        output: state.output,
        tags: [...snapshot.tags].sort(),
        history: Object.fromEntries(Object.entries(history).map(([id, states]) => [id, states.map((one) => one.id)])),
        running: Object.values(state.tasks)
          .map(({ child }) => child)
          .sort(),
        pending: Object.values(state.timers)
          .map(({ event, at }) => ({ type: event.type, at: Date.parse(at) - START_MS }))
          .sort((one, other) => one.at - other.at),
      }
    },
  }
}

const isPath = (of: Kind | readonly string[]): of is readonly string[] => Array.isArray(of)

/** The machine with this state among its initial ones. */
function startingIn(config: object, [key, ...deeper]: readonly string[]): object {
  if (key === undefined) return config
  const { type, states = {} }: { type?: string; states?: Readonly<Record<string, object>> } = config
  const inner = { ...states, [key]: startingIn(states[key] ?? {}, deeper) }
  return { ...config, ...(type === 'parallel' ? {} : { initial: key }), states: inner }
}

/** What the test counts, to know that it does not test the empty case. */
const seen = { compiled: 0, xstate: 0, machines: 0, refused: 0, endless: 0, bounded: 0, steps: 0, ended: 0, liveDiffers: 0 }

function compare(config: object, steps: readonly RandomStep[], hasRegions: boolean): void {
  const kind = kindOf(config)
  if (isPath(kind)) {
    expect(createOracle(startingIn(config, kind)).shown().status).toBe('error')
    return void (seen.refused += 1)
  }
  seen.machines += 1
  const subject = createSubject(kind)
  const [live, restored] = [createOracle(config), createOracle(config)]
  let liveAgrees = true
  let isStarted = false

  restored.reload()
  for (const step of steps) {
    const before = restored.shown()
    const taken = act(step, before)
    if (taken === undefined) continue
    // A bound of ours that XState does not have.
    if (taken === 'bounded') return void (seen.bounded += 1)
    isStarted = true
    restored.reload()
    seen.steps += 1
    const [ours, theirs, inMemory] = [taken === 'endless' ? undefined : subject.shown(), restored.shown(), live.shown()]
    if (ours === undefined) {
      expect(theirs.status).toBe('error')
      return void (seen.endless += 1)
    }
    expect(ours).toEqual(theirs)
    if (liveAgrees && (hasRegions || live.hasReplaced())) {
      liveAgrees = !live.hasReplaced() && isDeepStrictEqual(inMemory, theirs)
      if (!liveAgrees) seen.liveDiffers += 1
    }
    if (liveAgrees) expect(inMemory).toEqual(theirs)
    if (ours.status !== 'active') return void (seen.ended += 1)
  }

  /** Takes a step with all actors. @returns undefined where there is nothing that the step could happen to */
  function act(step: RandomStep, before: Shown): Taken | undefined {
    if (step.what === 'send') {
      for (const oracle of [live, restored]) oracle.send({ type: step.type })
      return subject.take({ type: step.type, data: {} })
    }
    // Ours starts with its first input, XState's before it.
    if (!isStarted || before.status !== 'active') return undefined
    if (step.what === 'time') {
      const run = subject.nextTimer()
      if (run === undefined) return undefined
      for (const oracle of [live, restored]) oracle.fireNext()
      return subject.take({ type: 'timer.fired', run }, 'internal')
    }
    const id = before.running[step.child % before.running.length]
    if (id === undefined) return undefined
    const common = { run: subject.runOf(id), attempts: 1, queueMs: 0, durationMs: 0 }
    const [how, outcome] =
      step.what === 'finish'
        ? [{ output: step.output }, { type: 'task.done', output: step.output }]
        : [{ error: { code: 'no', message: 'no' } }, { type: 'task.failed', error: { code: 'no', message: 'no' } }]
    for (const oracle of [live, restored]) oracle.end(id, how)
    return subject.take({ ...outcome, ...common }, 'internal')
  }
}

const [endlessRaise, leave] = [{ actions: [raise({ type: 'C' })] }, { actions: [raise({ type: 'A' })] }]
test.each<[string, object]>([
  ['raises what leads out of it', { a: {}, b: { always: leave } }],
  ['raises an event, after one that leads out of it', { a: {}, b: { entry: raise({ type: 'A' }), always: endlessRaise } }],
  [
    'is in a region, and the states around it have an always too',
    { a: {}, b: { type: 'parallel', always: 'a', states: { p: { always: { actions: assign({ n: 1 }) } }, q: {} } } },
  ],
])('a machine comes to rest where a state %s', (_, states) => {
  const config = { initial: 'a', context: { n: 0, on: false, sent: 0 }, on: { A: '.a', B: '.b' }, states }
  expect(isPath(kindOf(config))).toBe(false)
  compare(
    config,
    [
      { what: 'send', type: 'B' },
      { what: 'send', type: 'B' },
    ],
    true,
  )
  expect(createOracle(config).shown().value).toBe('a')
})

test(
  'a random machine decides like XState restored before every input: in memory, read from its record, compiled, and replayed',
  () => {
    fc.assert(
      fc.property(
        randomMachine,
        randomSteps,
        shrinkingBriefly(({ config, hasRegions }, steps) => compare(config, steps, hasRegions)),
      ),
      { numRuns: cases(3_000) },
    )
    process.stdout.write(`random machines: ${JSON.stringify(seen)}\n`)
    expect(seen.machines).toBeGreaterThan(seen.refused)
    expect(seen.compiled).toBeGreaterThan(10 * seen.xstate)
  },
  TIMEOUT_MS,
)
