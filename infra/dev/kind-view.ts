import type { z } from 'zod'
import type { Kind } from '../../actors/definition/define-kind.ts'
import { jsonSchema } from '../../schemas/asyncapi-messages.ts'
import { readStatechart, type Statechart } from './chart/statechart.ts'

/** A kind as the page shows it, as plain data: what runs in the worker is described there and drawn elsewhere. */
export interface KindView {
  readonly name: string
  readonly version: number
  readonly chart: Statechart
  /** JSON Schemas of the data of its inputs, by type. */
  readonly events: Readonly<Record<string, JsonSchema>>
  readonly emits: readonly string[]
  readonly tasks: readonly string[]
}

/** As much of JSON Schema as a form is made from; the rest is there too. */
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
  events: Object.fromEntries(Object.entries(kind.events).map(([type, schema]) => [type, described(schema)])),
  emits: Object.keys(kind.emits),
  tasks: Object.keys(kind.tasks),
})

/** What JSON Schema has no words for is asked for as JSON; the kind itself is none the worse. */
function described(schema: z.ZodType): JsonSchema {
  try {
    return plain(jsonSchema(schema))
  } catch {
    return { description: 'Its schema cannot be shown as a form' }
  }
}

/** The generator's result holds its own bookkeeping beside the schema, which JSON leaves behind. */
const plain = (schema: object): JsonSchema => JSON.parse(JSON.stringify(schema)) as JsonSchema
