import { readFile } from 'node:fs/promises'
import { Ajv, type ValidateFunction } from 'ajv'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** Where Qdrant's own description of its interface stands, beside the repository. */
export const OPENAPI = new URL('../../../shared/qdrant/openapi.json', import.meta.url)

/** Checks what goes over the wire by that description. */
export interface QdrantRules {
  /** What is wrong with a request's body; `undefined` where nothing is. @throws where there is no such operation */
  request(method: string, path: string, body: unknown): string | undefined
  /** The same for the body of an answer with status 200. */
  response(method: string, path: string, body: unknown): string | undefined
}

const object = (value: Json | undefined): { [name: string]: Json } =>
  (value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {})
const at = (value: Json | undefined, ...names: string[]): Json | undefined => names.reduce<Json | undefined>((inner, name) => object(inner)[name], value)

export async function readQdrantRules(): Promise<QdrantRules> {
  const document = asJsonSchema(JSON.parse(await readFile(OPENAPI, 'utf8')) as Json)
  const ajv = new Ajv({ strict: false, validateFormats: false })
  ajv.addSchema(object(document), 'qdrant')
  const compiled = new Map<string, ValidateFunction>()
  const problem = (method: string, path: string, where: readonly string[], body: unknown): string | undefined => {
    const operation = at(document, 'paths', path, method.toLowerCase())
    if (operation === undefined) throw new Error(`Qdrant has no ${method} ${path}`)
    if (at(operation, ...where) === undefined) return body === undefined ? undefined : 'this takes no body'
    const pointer = ['paths', path, method.toLowerCase(), ...where].map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `qdrant#/${pointer}` })
    compiled.set(pointer, validate)
    return validate(body) ? undefined : ajv.errorsText(validate.errors?.slice(0, 5))
  }
  return {
    request: (method, path, body) => problem(method, path, ['requestBody', 'content', 'application/json', 'schema'], body),
    response: (method, path, body) => problem(method, path, ['responses', '200', 'content', 'application/json', 'schema'], body),
  }
}

/** OpenAPI 3.0 says `nullable` where JSON Schema has a type of its own. */
function asJsonSchema(value: Json): Json {
  if (Array.isArray(value)) return value.map(asJsonSchema)
  if (value === null || typeof value !== 'object') return value
  const { nullable, ...rest } = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asJsonSchema(inner)]))
  if (nullable !== true) return nullable === undefined ? rest : { ...rest, nullable }
  return Object.keys(rest).length === 0 ? { type: 'null' } : { anyOf: [rest, { type: 'null' }] }
}
