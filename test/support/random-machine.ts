import fc from 'fast-check'
import { and, assign, cancel, emit, enqueueActions, log, not, or, raise, stateIn, stopChild } from 'xstate'

/** A machine drawn at random, as XState's configuration. */
export interface RandomMachine extends fc.WithToStringMethod {
  readonly config: object
  /** With regions, XState itself decides differently in memory and restored. */
  readonly hasRegions: boolean
}

/** What happens to an actor. Numbers select among what exists then. */
export type RandomStep =
  | { readonly what: 'send'; readonly type: (typeof INPUTS)[number] }
  | { readonly what: 'finish' | 'fail'; readonly child: number; readonly output: number }
  | { readonly what: 'time' }

export const INPUTS = ['A', 'B', 'C', 'say.x', 'say.y'] as const
const DESCRIPTORS = [...INPUTS, 'say.*', '*'] as const

export const randomSteps: fc.Arbitrary<RandomStep[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...INPUTS).map((type): RandomStep => ({ what: 'send', type })) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('finish' as const, 'fail' as const), fc.nat(3), fc.nat(4))
        .map(([what, child, output]): RandomStep => ({ what, child, output })),
    },
    { weight: 3, arbitrary: fc.constant<RandomStep>({ what: 'time' }) },
  ),
  { minLength: 1, maxLength: 14, size: 'max' },
)

/**
 * Machines of up to four levels. The machine follows from a list of numbers, and zeros stand for the simplest choices, so that fast-check
 * shrinks a failing machine by shortening the list and lowering its numbers.
 */
export const randomMachine: fc.Arbitrary<RandomMachine> = fc
  .array(fc.nat(999), { minLength: 20, maxLength: 400, size: 'max' })
  .map((choices) => drawMachine(createChooser(choices)))

interface Chooser {
  /** A number below `count`; 0 once the list has ended. */
  below(count: number): number
  /** Whether something with this probability in per cent happens; never once the list has ended. */
  chance(percent: number): boolean
  pick<T>(from: readonly [T, ...T[]]): T
}

function createChooser(choices: readonly number[]): Chooser {
  let index = 0
  const below = (count: number): number => (choices[index++] ?? 0) % count
  return { below, chance: (percent) => below(100) >= 100 - percent, pick: (from) => from[below(from.length)] ?? from[0] }
}

interface Shape {
  readonly key: string
  readonly id: string
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  readonly children: readonly Shape[]
  readonly deep: boolean
}

/** A machine that comes to rest needs fewer; an endless one costs the more time, the higher it is. */
const MICROSTEPS_MAX = 100
const KEYS = ['a', 'b', 'c', '1', '0'] as const
const DEPTH_MAX = 3

function drawMachine(chooser: Chooser): RandomMachine {
  const shapes: Shape[] = []
  const root = drawShape(chooser, 'root', 0, shapes, 'compound')
  const sendsToSelf = !shapes.some(({ type }) => type === 'parallel')
  const config = drawState(chooser, root, undefined, { shapes, sendsToSelf })
  return {
    [fc.toStringMethod]: () => JSON.stringify(config, (_, value: unknown) => readable(value)),
    config: {
      ...config,
      ...(chooser.chance(50) ? { output: ({ context, event }: Args) => ({ n: context.n, of: event.output }) } : {}),
      context: { n: 0, on: false, sent: 0 },
      options: { maxIterations: MICROSTEPS_MAX },
    },
    hasRegions: shapes.some(({ type }) => type === 'parallel'),
  }
}

/** Actions and guards as text, for the report of a failure. */
const readable = (value: unknown): unknown => {
  if (typeof value !== 'function') return value
  const fields = ['event', 'id', 'delay', 'sendId'].map((field): unknown => Reflect.get(value, field))
  return [
    value.name,
    ...fields.flatMap((field) => (field === undefined || typeof field === 'function' ? [] : [JSON.stringify(field)])),
  ].join(' ')
}

/** Draws the tree of states. A state is listed in `shapes` before its children. */
function drawShape(chooser: Chooser, key: string, depth: number, shapes: Shape[], parent: Shape['type']): Shape {
  const type = drawType(chooser, depth, parent)
  const id = `${chooser.chance(10) ? 'n.' : 'n'}${shapes.length}`
  const children: Shape[] = []
  const shape: Shape = { key, id, type, children, deep: chooser.chance(50) }
  shapes.push(shape)
  if (type !== 'compound' && type !== 'parallel') return shape
  const count = 1 + chooser.below(3)
  for (const name of KEYS.slice(0, count)) children.push(drawShape(chooser, name, depth + 1, shapes, type))
  if (children.every((child) => child.type === 'history' || child.type === 'final')) {
    const extra: Shape = { key: 'z', id: `n${shapes.length}`, type: 'atomic', children: [], deep: false }
    shapes.push(extra)
    children.push(extra)
  }
  return shape
}

function drawType(chooser: Chooser, depth: number, parent: Shape['type']): Shape['type'] {
  if (depth === 0) return chooser.chance(25) ? 'parallel' : 'compound'
  if (depth === DEPTH_MAX) return chooser.pick(['atomic', 'atomic', 'atomic', 'final', 'history'])
  const others = ['atomic', 'atomic', 'compound', 'parallel', 'compound', 'parallel', 'history'] as const
  return parent === 'parallel' ? chooser.pick(others) : chooser.pick([...others, 'final'])
}

interface Drawing {
  readonly shapes: readonly Shape[]
  /** A machine with regions does not: within one input, XState takes such an event in the order of entry. */
  readonly sendsToSelf: boolean
}

function drawState(chooser: Chooser, shape: Shape, parent: Shape | undefined, drawing: Drawing): object {
  const { id, type, children } = shape
  if (type === 'history') return drawHistory(chooser, shape, parent)
  const states = Object.fromEntries(children.map((child) => [child.key, drawState(chooser, child, shape, drawing)]))
  const common = {
    id,
    ...(children.length === 0 ? {} : { states }),
    ...(chooser.chance(20) ? { tags: [`t${chooser.below(3)}`] } : {}),
    ...(chooser.chance(60) ? { entry: drawActions(chooser, `enter ${id}`, drawing) } : {}),
    ...(chooser.chance(60) ? { exit: drawActions(chooser, `exit ${id}`, drawing) } : {}),
  }
  if (type === 'final')
    return {
      ...common,
      type: 'final',
      ...(chooser.chance(30) ? { output: chooser.pick<unknown>([id, ({ context }: Args) => context.n]) } : {}),
    }
  const first = children.find((child) => child.type !== 'history' && child.type !== 'final') ?? children[0]
  const wants = (percent: number): boolean => chooser.chance(percent)
  return {
    ...common,
    ...(type === 'parallel' ? { type: 'parallel' } : {}),
    ...(type === 'compound' ? { initial: wants(15) ? { target: first?.key, actions: [emitted(`initial ${id}`)] } : first?.key } : {}),
    ...(children.length > 0 && wants(30) ? { onDone: drawTransition(chooser, shape, drawing, `done ${id}`) } : {}),
    ...(wants(75) ? { on: drawOn(chooser, shape, drawing) } : {}),
    ...(wants(20) ? { always: drawList(chooser, () => drawAlways(chooser, shape, drawing)) } : {}),
    ...(wants(25) ? { after: drawAfter(chooser, shape, drawing) } : {}),
    ...(wants(20) ? { invoke: drawInvoke(chooser, shape, drawing) } : {}),
  }
}

function drawHistory(chooser: Chooser, { id, deep }: Shape, parent: Shape | undefined): object {
  const siblings = (parent?.children ?? []).filter(({ type }) => type !== 'history').map(({ key }) => key)
  const [first, ...rest] = siblings
  return {
    id,
    type: 'history',
    ...(deep ? { history: 'deep' } : {}),
    ...(first !== undefined && parent?.type === 'compound' && chooser.chance(30) ? { target: chooser.pick([first, ...rest]) } : {}),
  }
}

const drawList = <T>(chooser: Chooser, draw: () => T): T[] => Array.from({ length: 1 + chooser.below(2) }, draw)

const drawOn = (chooser: Chooser, shape: Shape, drawing: Drawing): object =>
  Object.fromEntries(
    Array.from({ length: 1 + chooser.below(3) }, () => {
      const descriptor = chooser.pick(DESCRIPTORS)
      return [descriptor, drawList(chooser, () => drawTransition(chooser, shape, drawing, `${descriptor} in ${shape.id}`))]
    }),
  )

function drawAlways(chooser: Chooser, shape: Shape, drawing: Drawing): object {
  const transition = drawTransition(chooser, shape, drawing, `always in ${shape.id}`)
  return chooser.chance(8) ? transition : { guard: drawGuard(chooser, drawing), ...transition }
}

const drawAfter = (chooser: Chooser, shape: Shape, drawing: Drawing): object =>
  Object.fromEntries(
    drawList(chooser, () => chooser.pick(['1000', '2000', '0', 'computed'])).map((delay) => [
      delay,
      drawList(chooser, () => drawTransition(chooser, shape, drawing, `after ${delay} in ${shape.id}`)),
    ]),
  )

const drawInvoke = (chooser: Chooser, shape: Shape, drawing: Drawing): object => ({
  id: `job-${shape.id}`,
  src: 'job',
  input: ({ context }: { context: Context }) => ({ n: context.n }),
  ...(chooser.chance(70) ? { onDone: drawOutcome(chooser, shape, drawing, 'done') } : {}),
  onError: drawOutcome(chooser, shape, drawing, 'failed'),
})

const drawOutcome = (chooser: Chooser, shape: Shape, drawing: Drawing, word: string): object => ({
  ...drawTransition(chooser, shape, drawing, `${word} ${shape.id}`),
  ...(chooser.chance(50) ? { actions: [keepOutput, emitted(`${word} ${shape.id}`)] } : {}),
})

function drawTransition(chooser: Chooser, shape: Shape, drawing: Drawing, what: string): object {
  return {
    ...(chooser.chance(75) ? { target: drawTarget(chooser, shape, drawing) } : {}),
    ...(chooser.chance(35) ? { guard: drawGuard(chooser, drawing) } : {}),
    ...(chooser.chance(60) ? { actions: drawActions(chooser, what, drawing) } : {}),
    ...(chooser.chance(20) ? { reenter: true } : {}),
  }
}

/** One state, or one in each of two regions of a parallel state. */
function drawTarget(chooser: Chooser, shape: Shape, { shapes }: Drawing): string | string[] {
  const regions = shape.type === 'parallel' ? shape.children.filter(({ type }) => type === 'compound') : []
  const [one, other] = regions
  if (one !== undefined && other !== undefined && chooser.chance(30)) {
    return [one, other].map((region) => {
      const [first, ...rest] = region.children
      return first === undefined ? `#${region.id}` : `.${region.key}.${chooser.pick([first, ...rest]).key}`
    })
  }
  const [, first, ...rest] = shapes
  const own = shape.children[0]
  if (own !== undefined && chooser.chance(25)) return `.${own.key}`
  return first === undefined ? '.a' : targetOf(chooser.pick([first, ...rest]))
}

/** XState reads a dot in a target as a path, unless a backslash precedes it. */
const targetOf = ({ id }: Pick<Shape, 'id'>): string => `#${id.replace('.', '\\.')}`

interface Context {
  readonly n: number
  readonly on: boolean
  /** Events that the actor has sent to itself. XState has no bound for them, so the machine has one. */
  readonly sent: number
}
interface Args {
  readonly context: Context
  readonly event: { readonly type: string; readonly output?: unknown }
}

function drawGuard(chooser: Chooser, { shapes }: Drawing): unknown {
  const limit = 1 + chooser.below(4)
  const state = shapes[chooser.below(shapes.length)] ?? { id: 'n0' }
  return chooser.pick<unknown>([
    ({ context }: Args) => context.on,
    ({ context }: Args) => !context.on,
    ({ context }: Args) => context.n % (limit + 1) === 0,
    ({ context }: Args) => context.n < limit,
    ({ context, event }: Args) => event.type < 'B' || context.n > limit,
    stateIn(targetOf(state)),
    'isOn',
    { type: 'isBelow', params: limit },
    { type: 'isBelow', params: ({ context }: Args) => (context.on ? limit : 0) },
    not('isOn'),
    and(['isOn', { type: 'isBelow', params: limit }]),
    or([stateIn(targetOf(state)), not(({ context }) => Boolean(context['on']))]),
  ])
}

const emitted = (text: string) => emit(({ context }: { context: Context }) => ({ type: 'out', data: { text, n: context.n } }))
const SENT_MAX = 9
const sentToSelf = (type: string) =>
  enqueueActions(({ context, enqueue, self }) => {
    const sent: unknown = context['sent']
    if (typeof sent !== 'number' || sent >= SENT_MAX) return
    enqueue.assign({ sent: sent + 1 })
    enqueue.sendTo(self, { type })
  })
const keepOutput = assign({ n: ({ context, event }: Args) => context.n + Number(event.output ?? 1) })

function drawActions(chooser: Chooser, what: string, { sendsToSelf, shapes }: Drawing): unknown[] {
  const type = chooser.pick(INPUTS)
  const delay = 500 * (1 + chooser.below(4))
  const id = `later-${chooser.below(2)}`
  const more = Array.from({ length: chooser.below(3) }, () =>
    chooser.pick<unknown>([
      assign({ n: ({ context }: Args) => context.n + 1 }),
      assign({ on: ({ context }: Args) => !context.on }),
      assign({ n: 0, on: true }),
      chooser.chance(40) ? raise({ type }) : cancel(id),
      raise({ type }, { delay }),
      raise({ type }, { delay, id }),
      cancel(id),
      'count',
      { type: 'add', params: { by: 2 } },
      { type: 'add', params: ({ context }: Args) => ({ by: context.n % 3 }) },
      { type: 'tell', params: { text: what } },
      { type: 'countIfOn', params: { text: `${what} on` } },
      log(({ context }: { context: Context }) => context.n),
      stopChild(`job-${shapes[chooser.below(shapes.length)]?.id ?? ''}`),
      sendsToSelf ? sentToSelf(type) : emitted(`${what} twice`),
    ]),
  )
  return [emitted(what), ...more]
}

/** The implementations that a random machine names. */
export const randomImplementations: object = {
  delays: { computed: ({ context }: { context: Context }) => 700 + 100 * (context.n % 5) },
  guards: {
    isOn: ({ context }: { context: Context }) => context.on,
    isBelow: ({ context }: { context: Context }, limit: number) => context.n < limit,
  },
  actions: {
    count: assign({ n: ({ context }: Args) => context.n + 1 }),
    add: assign(({ context }: Args, { by }: { by: number }) => ({ n: context.n + by })),
    tell: emit(({ context }: { context: Context }, { text }: { text: string }) => ({ type: 'out', data: { text, n: context.n } })),
    countIfOn: enqueueActions(({ context, enqueue, check }, { text }: { text: string }) => {
      if (!check('isOn')) return
      enqueue.assign({ n: Number(context['n']) + 1 })
      enqueue({ type: 'tell', params: { text } })
    }),
  },
}
