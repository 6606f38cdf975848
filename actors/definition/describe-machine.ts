import { hash } from 'node:crypto'
import { z } from 'zod'
import type { Kind, Schemas } from './kind.ts'
import { isSend } from './send-action.ts'
import { builtInAction, eventTransitionsOf, isRecord, nameOf, type Node, tasksOf, timersOf, type Transition } from './walk-machine.ts'

const transitionShape = z.object({
  /** Ids of the target states; absent for a transition that exits no state. */
  target: z.array(z.string()).optional(),
  guard: z.string().optional(),
  actions: z.array(z.string()).optional(),
  reenter: z.literal(true).optional(),
})
export type DescribedTransition = z.infer<typeof transitionShape>

const stateShape = z.object({
  id: z.string(),
  type: z.enum(['atomic', 'compound', 'parallel', 'final', 'history']),
  initial: z.array(z.string()).optional(),
  history: z.enum(['shallow', 'deep']).optional(),
  entry: z.array(z.string()).optional(),
  exit: z.array(z.string()).optional(),
  invoke: z.record(z.string(), z.string()).optional(),
  /** By event descriptor; `always` transitions have an empty one. */
  on: z.record(z.string(), z.array(transitionShape)).optional(),
  get states(): z.ZodOptional<z.ZodRecord<z.ZodString, typeof stateShape>> {
    return z.record(z.string(), stateShape).optional()
  },
})
export type DescribedState = z.infer<typeof stateShape>

const schemas = z.record(z.string(), z.unknown())
/** A kind's definition as data. Two machines of one name and version are the same if and only if this is equal. */
export const definitionSchema = z.object({
  machine: stateShape,
  context: z.unknown(),
  events: schemas,
  emits: schemas,
  tasks: z.record(z.string(), z.object({ input: z.unknown(), output: z.unknown() })),
  onTaskError: z.enum(['state', 'end']).optional(),
  /** The names of the child kinds, by the names that the machine gives them. */
  children: z.record(z.string(), z.string()).optional(),
  input: z.unknown().optional(),
  output: z.unknown().optional(),
  every: z.unknown().optional(),
  dataBesideType: z.literal(true).optional(),
})
export type Definition = z.infer<typeof definitionSchema>

/**
 * Describes a kind: states, transitions, names of implementations, and schemas.
 *
 * The bodies of functions are not part of it; `colloquy check` compares what they decide. Descriptions, tags, meta and the limits of tasks
 * are left out, since they change nothing that is recorded.
 */
export function describe(kind: Kind): Definition {
  return {
    machine: describeNode(kind.machine.root),
    context: jsonSchema(kind.context, 'output'),
    events: jsonSchemas(kind.events, 'input'),
    emits: jsonSchemas(kind.emits, 'input'),
    tasks: Object.fromEntries(
      Object.entries(kind.tasks).map(([name, { input, output }]) => [
        name,
        { input: jsonSchema(input, 'input'), output: jsonSchema(output, 'output') },
      ]),
    ),
    ...(kind.onTaskError !== undefined && { onTaskError: kind.onTaskError }),
    ...(Object.keys(kind.children).length > 0 && {
      children: Object.fromEntries(Object.entries(kind.children).map(([child, { name }]) => [child, name])),
    }),
    ...(kind.input !== undefined && { input: jsonSchema(kind.input, 'input') }),
    ...(kind.output !== undefined && { output: jsonSchema(kind.output, 'output') }),
    ...(kind.every !== undefined && { every: kind.every }),
    ...(kind.dataBesideType === true && { dataBesideType: true as const }),
  }
}

/** The definition's fingerprint: 16 hexadecimal digits, the same on every machine. */
export const hashOf = (definition: Definition): string => hash('sha256', canonical(definition), 'hex').slice(0, 16)

/** The first path at which two definitions differ, with both values; undefined where they are equal. */
export function firstDifference(before: unknown, after: unknown, path = ''): string | undefined {
  if (isRecord(before) && isRecord(after) && Array.isArray(before) === Array.isArray(after)) {
    for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
      const found = firstDifference(before[key], after[key], path === '' ? key : `${path}.${key}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  return canonical(before) === canonical(after) ? undefined : `${path}: was ${shortText(before)}, is ${shortText(after)}`
}

const shortText = (value: unknown): string => {
  if (value === undefined) return 'missing'
  const text = canonical(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

/** JSON with sorted keys; empty for a value that JSON leaves out. */
const canonical = (value: unknown): string => JSON.stringify(value, (_, inner: unknown) => sortedByKey(inner)) ?? ''

const sortedByKey = (value: unknown): unknown =>
  isRecord(value) && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value

function describeNode(node: Node): DescribedState {
  const timers = new Set(timersOf(node).map(({ eventType }) => eventType))
  // XState's own actions for timers repeat what the transitions say.
  const isOwn = (action: unknown): boolean => {
    const id = builtInAction(action)?.['id'] ?? builtInAction(action)?.['sendId']
    return !(typeof id === 'string' && timers.has(id))
  }
  const choices = eventTransitionsOf(node).map(({ event, transitions }) => [event, transitions.map(describeTransition)] as const)
  const states = Object.entries<Node>(node.states)
  return {
    id: node.id,
    type: node.type,
    ...(node.type === 'compound' ? { initial: idsOf(node.initial.target) } : {}),
    ...(node.type === 'history' && node.history !== false ? { history: node.history } : {}),
    ...filled('entry', node.entry.filter(isOwn).map(actionText)),
    ...filled('exit', node.exit.filter(isOwn).map(actionText)),
    ...(node.invoke.length === 0 ? {} : { invoke: Object.fromEntries(tasksOf(node).map(({ id, src }) => [id, String(src)])) }),
    ...(choices.length === 0 ? {} : { on: Object.fromEntries(choices) }),
    ...(states.length === 0 ? {} : { states: Object.fromEntries(states.map(([name, state]) => [name, describeNode(state)])) }),
  }
}

const filled = (name: string, list: readonly string[]): object => (list.length === 0 ? {} : { [name]: list })
const idsOf = (nodes: readonly Node[]): string[] => nodes.map(({ id }) => id)

const describeTransition = ({ target, guard, actions, reenter }: Transition): DescribedTransition => ({
  ...(target === undefined ? {} : { target: idsOf(target) }),
  ...(guard === undefined ? {} : { guard: guardText(guard) }),
  ...filled('actions', actions.map(actionText)),
  ...(reenter ? { reenter } : {}),
})

/** Stands for an inline function. */
const IN_PLACE = 'ƒ'

/** The name of an action. A built-in action, such as `assign`, has the name that XState or Colloquy gives it. */
export function actionText(action: unknown): string {
  const name = nameOf(action)
  if (name !== undefined) return `${name}${paramsText(action)}`
  if (isSend(action)) return 'send'
  const own = builtInAction(action)
  if (own === undefined) return IN_PLACE
  const event = isRecord(own['event']) && typeof own['event'] !== 'function' ? own['event']['type'] : undefined
  return [String(own['type']).replace('xstate.', ''), ...(typeof event === 'string' ? [event] : [])].join(' ')
}

const paramsText = (reference: unknown): string => {
  const params = isRecord(reference) && typeof reference !== 'function' ? reference['params'] : undefined
  return params === undefined ? '' : `(${typeof params === 'function' ? IN_PLACE : canonical(params)})`
}

/** The name of a guard, or the expression of a combined one. */
export function guardText(guard: unknown): string {
  const name = nameOf(guard)
  if (name !== undefined) return `${name}${paramsText(guard)}`
  if (!isRecord(guard) || !('check' in guard)) return IN_PLACE
  if ('stateValue' in guard) return `in ${canonical(guard['stateValue'])}`
  const inner: unknown[] = Array.isArray(guard['guards']) ? guard['guards'] : []
  return `${typeof guard['name'] === 'string' ? guard['name'] : ''}(${inner.map(guardText).join(', ')})`
}

const jsonSchemas = (of: Schemas, io: 'input' | 'output'): Record<string, unknown> =>
  Object.fromEntries(Object.entries(of).map(([name, schema]) => [name, jsonSchema(schema, io)]))

/** Descriptions, titles and examples are left out: only people read them. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override({ jsonSchema: made }) {
      delete made.description
      delete made.title
      delete made.examples
    },
  })
  return json
}
