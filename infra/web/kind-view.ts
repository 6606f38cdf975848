import type { z } from 'zod'
import { type Kind, producedEvents } from '../../actors/definition/kind.ts'
import { type Node, nodesOf } from '../../actors/definition/walk-machine.ts'
import { jsonSchema } from '../../schemas/asyncapi-messages.ts'
import { readStatechart, type Statechart } from './chart/statechart.ts'

/** A kind as the page shows it, as plain data that the worker can send. */
export interface KindView {
  readonly name: string
  readonly version: number
  readonly chart: Statechart
  /** JSON Schemas of the data of its inputs, by type. */
  readonly events: Readonly<Record<string, JsonSchema>>
  /** Types of inputs that each state itself has transitions for, by its path; the root's path is empty. */
  readonly accepts: Readonly<Record<string, readonly string[]>>
  /** Where a new actor is, as records write it. */
  readonly initial: string
  readonly emits: readonly string[]
  readonly tasks: readonly string[]
}

/** The keywords of JSON Schema that forms use; others are kept. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly title?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema | readonly JsonSchema[] | boolean
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly format?: string
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly [keyword: string]: unknown
}

export const viewOf = (kind: Kind): KindView => ({
  name: kind.name,
  version: kind.version,
  chart: readStatechart(kind.machine),
  events: Object.fromEntries(Object.entries(producedEvents(kind)).map(([type, schema]) => [type, described(schema)])),
  accepts: acceptsOf(kind),
  initial: initialLeaves(kind.machine.root).sort().join('+'),
  emits: Object.keys(kind.emits),
  tasks: Object.keys(kind.tasks),
})

function acceptsOf({ machine, events }: Kind): Record<string, readonly string[]> {
  const types = Object.keys(events)
  const accepted = nodesOf(machine).map((node) => {
    const descriptors = [...node.transitions.keys()]
    return [node.path.join('.'), types.filter((type) => descriptors.some((one) => matches(one, type)))] as const
  })
  return Object.fromEntries(accepted.filter(([, of]) => of.length > 0))
}

/** As XState matches an event: `*`, `order.*` or its type. */
const matches = (descriptor: string, type: string): boolean =>
  descriptor === type || descriptor === '*' || (descriptor.endsWith('.*') && `${type}.`.startsWith(descriptor.slice(0, -1)))

function initialLeaves(node: Node): string[] {
  if (node.type === 'parallel') return Object.values<Node>(node.states).flatMap(initialLeaves)
  const targets = node.type === 'compound' ? node.initial.target : []
  return targets.length === 0 ? [node.path.join('.')] : targets.flatMap(initialLeaves)
}

/** A schema that JSON Schema cannot express becomes a description without fields. The page then offers a text field for JSON. */
function described(schema: z.ZodType): JsonSchema {
  try {
    return plain(jsonSchema(schema))
  } catch {
    return { description: 'This schema cannot be shown as a form' }
  }
}

/** Copies the generator's result through JSON, which drops the properties that are not part of the schema. */
const plain = (schema: object): JsonSchema => JSON.parse(JSON.stringify(schema)) as JsonSchema
