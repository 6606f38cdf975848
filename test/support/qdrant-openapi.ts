import { readFile } from 'node:fs/promises'
import { Ajv, type ValidateFunction } from 'ajv'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** Qdrant's OpenAPI document, outside the repository. */
export const OPENAPI = new URL('../../../shared/qdrant/openapi.json', import.meta.url)

/** Validates requests and responses against the OpenAPI document. */
export interface QdrantRules {
  /** The problem of a request body; `undefined` if it is valid. @throws Error if there is no such operation. */
  request(method: string, path: string, body: unknown): string | undefined
  /** The problem of the body of a response with status 200. */
  response(method: string, path: string, body: unknown): string | undefined
}

const object = (value: Json | undefined): { [name: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {}
const at = (value: Json | undefined, ...names: string[]): Json | undefined =>
  names.reduce<Json | undefined>((inner, name) => object(inner)[name], value)
const pointerPart = (name: string): string => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))

export async function readQdrantRules(): Promise<QdrantRules> {
  const document = asJsonSchema(JSON.parse(await readFile(OPENAPI, 'utf8')) as Json)
  const ajv = new Ajv({ strict: false, validateFormats: false })
  ajv.addSchema(object(document), 'qdrant')
  const compiled = new Map<string, ValidateFunction>()
  const problem = (method: string, path: string, where: readonly string[], body: unknown): string | undefined => {
    const operation = at(document, 'paths', path, method.toLowerCase())
    if (operation === undefined) throw new Error(`Qdrant has no ${method} ${path}`)
    if (at(operation, ...where) === undefined) return body === undefined ? undefined : 'this takes no body'
    const pointer = ['paths', path, method.toLowerCase(), ...where].map(pointerPart).join('/')
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `qdrant#/${pointer}` })
    compiled.set(pointer, validate)
    return validate(body) ? undefined : ajv.errorsText(validate.errors?.slice(0, 5))
  }
  return {
    request: (method, path, body) => problem(method, path, ['requestBody', 'content', 'application/json', 'schema'], body),
    response: (method, path, body) => problem(method, path, ['responses', '200', 'content', 'application/json', 'schema'], body),
  }
}

/** Converts OpenAPI 3.0 to JSON Schema: `nullable` becomes an alternative of the type `null`. */
function asJsonSchema(value: Json): Json {
  if (Array.isArray(value)) return value.map(asJsonSchema)
  if (value === null || typeof value !== 'object') return value
  const { nullable, ...rest } = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asJsonSchema(inner)]))
  if (nullable !== true) return nullable === undefined ? rest : { ...rest, nullable }
  return Object.keys(rest).length === 0 ? { type: 'null' } : { anyOf: [rest, { type: 'null' }] }
}
