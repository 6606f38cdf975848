import { z } from 'zod'
import { jsonProblem } from '../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { callsSpawn, spawnedChildren, spawnInAssign } from './check-behaviour.ts'
import { inputFromAddress, type Kind } from './kind.ts'
import type { TransitionResult } from './pure-machine.ts'
import type { Refusal } from './refusal.ts'
import { isFunction } from './walk-machine.ts'

/** Types that JSON cannot represent. An `undefined` in an object is harmless: JSON leaves it out. */
const NOT_JSON: ReadonlySet<string> = new Set(['date', 'map', 'set', 'bigint', 'symbol', 'function', 'promise', 'file', 'nan'])

const CONTEXT_INSTEAD = 'keep JSON values: an ISO text for a time, a list of pairs for a Map, a list for a Set, a text for a bigint'

/** What begins an actor. */
type Begun = Pick<Kind, 'name' | 'context' | 'pure' | 'input' | 'inputOf'>

/** Checks the context that a record has to hold: by its schema, and in the machine's initial state. */
export function checkContext(kind: Pick<Kind, 'machine'> & Begun): Refusal[] {
  const context: unknown = kind.machine.config.context
  if (isFunction(context) && callsSpawn(context)) return [spawnInAssign('context')]
  const schema = checkSchema(kind.context)
  return schema.length > 0 ? schema : checkFirst(kind)
}

function checkSchema(context: z.ZodType): Refusal[] {
  const found: Refusal[] = []
  z.toJSONSchema(context, {
    unrepresentable: 'any',
    cycles: 'ref',
    override({ zodSchema, path }) {
      const { type } = zodSchema._zod.def
      if (NOT_JSON.has(type)) found.push(contextNotJson(`its schema has a ${type} at ${fieldPath(path)}`))
    },
  })
  return found.slice(0, 8)
}

const fieldPath = (path: readonly (string | number)[]): string => path.filter((part) => part !== 'properties').join('.') || 'the top level'

export const contextNotJson = (what: string): Refusal => ({ code: 'context_not_json', where: 'context', what, instead: CONTEXT_INSTEAD })

/**
 * Checks the initial context of an actor with an invented id. If the machine throws because it needs a particular id, only decisions can
 * check the context.
 */
function checkFirst(kind: Begun): Refusal[] {
  const { context: schema } = kind
  // An input that a parent gives cannot be invented.
  const initial = kind.input === undefined ? initialResult(kind) : undefined
  if (initial === undefined || initial[0].status === 'error') return []
  const [first, actions] = initial
  const [spawned] = spawnedChildren(undefined, first, actions)
  if (spawned !== undefined) return [spawnInAssign(`initial state${spawned === '' ? '' : `, "${spawned}"`}`)]
  const context: unknown = first.context
  const problem = jsonProblem(context)
  if (problem !== undefined) return [contextNotJson(`the initial context has ${problem}`)]
  const checked = schema.safeParse(context, IN_WORDS)
  if (checked.success) return []
  return [
    {
      code: 'bad_context',
      where: 'context',
      what: `the initial context does not match the schema: ${zodProblem(checked.error, 'context')}`,
      instead: 'make the context in createMachine match the schema in defineKind',
    },
  ]
}

function initialResult(kind: Begun): TransitionResult | undefined {
  try {
    return kind.pure.initial(inputFromAddress(kind, { tenant: 'tenant', kind: kind.name, id: 'id' }))
  } catch {
    return undefined
  }
}
