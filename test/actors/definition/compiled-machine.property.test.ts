import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AnyEventObject, type AnyMachineSnapshot, type AnyStateMachine, createMachine, fromPromise, StateMachine } from 'xstate'
import { compiledMachine } from '../../../actors/definition/compiled-machine.ts'
import { createPureMachine, type TransitionResult } from '../../../actors/definition/pure-machine.ts'
import { isRecord } from '../../../actors/definition/walk-machine.ts'
import { shrinkingBriefly } from '../../support/property-cases.ts'
import { randomImplementations, randomMachine, type RandomStep, randomSteps } from '../../support/random-machine.ts'

const MACHINES = 1_500
const TIMEOUT_MS = 300_000

const actors = { job: fromPromise(() => Promise.reject(new Error('never runs'))) }

/** A snapshot as plain values. Its methods and children are those of XState. */
function shownSnapshot(snapshot: AnyMachineSnapshot): object {
  const history: Readonly<Record<string, readonly { readonly id: string }[]>> = snapshot.historyValue
  const output: unknown = snapshot.output
  return {
    status: snapshot.status,
    value: JSON.stringify(snapshot.value),
    context: JSON.stringify(snapshot.context),
    output,
    error: snapshot.error,
    nodes: snapshot._nodes.map(({ id }) => id),
    tags: [...snapshot.tags],
    children: Object.keys(snapshot.children as object),
    history: Object.entries(history).map(([id, nodes]) => [id, nodes.map((node) => node.id)]),
    keys: Object.keys(snapshot),
  }
}

/** A child shows its id only; that a stopped child is none, too. */
const shownParams = (params: unknown): unknown => {
  if (!isRecord(params)) return params
  if ('sessionId' in params) return { child: params['id'] }
  const { actorRef, to, ...rest } = params
  return { ...rest, ...(actorRef === undefined ? {} : { actorRef: true }), ...(to === undefined ? {} : { to: true }) }
}

const shownResult = ([snapshot, actions]: TransitionResult): object => ({
  snapshot: shownSnapshot(snapshot),
  actions: actions.map(({ type, params }) => ({ type, params: shownParams(params) })),
})

/** What happens next, from what the machine has asked for so far. */
function eventOf(
  step: RandomStep,
  timers: readonly AnyEventObject[],
  snapshot: AnyMachineSnapshot,
  index: number,
): AnyEventObject | undefined {
  if (step.what === 'send') return { type: step.type }
  if (step.what === 'time') return timers[index % timers.length]
  const children = Object.keys(snapshot.children as object)
  const id = children[step.child % children.length]
  if (id === undefined) return undefined
  return step.what === 'finish'
    ? { type: `xstate.done.actor.${id}`, output: step.output, actorId: id }
    : { type: `xstate.error.actor.${id}`, error: { code: 'no' }, actorId: id }
}

/** How often the compiled form took part in what. */
const seen = new Map<string, number>()
const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1)

function countFeatures([snapshot, actions]: TransitionResult, machine: AnyStateMachine): void {
  for (const { type } of actions) count(type)
  if (snapshot.status === 'done') count('done')
  if (Object.keys(snapshot.historyValue as object).length > 0) count('history')
  if (snapshot._nodes.some(({ type }) => type === 'parallel')) count('parallel')
  if (machine.root.output !== undefined && snapshot.status === 'done') count('output')
}

type Attempt = { readonly threw: string } | { readonly result: TransitionResult }

function attempt(next: () => TransitionResult): Attempt {
  try {
    return { result: next() }
  } catch (error) {
    return { threw: String(error) }
  }
}

function compare(config: object, steps: readonly RandomStep[], rememberedMax: number | undefined): void {
  const given: AnyStateMachine = createMachine({ context: {}, ...config }, { ...randomImplementations, actors })
  // Twice, because a machine's states are changed to bound XState's memory.
  const machines = [given, given].map(({ config: same, implementations }) => new StateMachine(same, implementations))
  const [one, other] = machines
  if (one === undefined || other === undefined) return
  const xstate = createPureMachine(one)
  let madeBy = ''
  const compiled = compiledMachine(other, {
    rememberedMax,
    observe: (by) => {
      madeBy = by
      count(by)
    },
  })
  let [ofXState, ofCompiled] = [xstate.initial({}), compiled.initial({})]
  const timers: AnyEventObject[] = []
  for (const [index, step] of steps.entries()) {
    const [expected, actual] = [ofXState[0], ofCompiled[0]]
    if (expected.status !== 'active') return
    const event = eventOf(step, timers, expected, index)
    if (event === undefined) continue
    const [theirs, ours] = [attempt(() => xstate.next(expected, event)), attempt(() => compiled.next(actual, event))]
    if (!('result' in theirs) || !('result' in ours)) {
      expect(ours).toEqual(theirs)
      return count('threw')
    }
    expect(shownResult(ours.result)).toEqual(shownResult(theirs.result))
    // An event that changes nothing leaves the same object; one that has forgotten how it came to rest leaves an equal one.
    if (rememberedMax === undefined) expect(ours.result[0] === actual).toBe(theirs.result[0] === expected)
    if (madeBy === 'compiled') countFeatures(ours.result, other)
    ;[ofXState, ofCompiled] = [theirs.result, ours.result]
    for (const { type, params } of theirs.result[1]) {
      if (type === 'xstate.raise' && isRecord(params) && params['delay'] !== undefined) timers.push(params['event'] as AnyEventObject)
    }
  }
}

test(
  'a compiled machine gives the snapshot and the actions that XState gives, however little it remembers',
  () => {
    fc.assert(
      fc.property(
        randomMachine,
        randomSteps,
        // Often so few that a machine forgets within one decision.
        fc.option(fc.nat(12), { nil: undefined }),
        shrinkingBriefly(({ config }, steps, rememberedMax) => compare(config, steps, rememberedMax)),
      ),
      { numRuns: MACHINES },
    )
    process.stdout.write(`compiled machines: ${JSON.stringify(Object.fromEntries(seen))}\n`)
    expect(seen.get('compiled')).toBeGreaterThan(10 * (seen.get('xstate') ?? 0))
    const actions = ['raise', 'cancel', 'emit', 'log', 'spawnChild', 'stopChild', 'sendTo'].map((type) => `xstate.${type}`)
    for (const what of [...actions, 'done', 'output', 'history', 'parallel', 'threw'])
      expect([what, seen.get(what) ?? 0]).not.toEqual([what, 0])
  },
  TIMEOUT_MS,
)
