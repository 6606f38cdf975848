import { type Address, TOKEN, UNADDRESSABLE } from '../../schemas/subjects.ts'
import { HttpProblem } from './problems.ts'

const TOKENS = ['tenant', 'kind', 'id'] as const

/** The path pattern of an actor's address, for the routes about one actor. */
export const ADDRESS_PATH = TOKENS.map((token) => `:${token}`).join('/')
export type AddressParams = Readonly<Record<(typeof TOKENS)[number], string>>

/** Validates the address in a path. @throws HttpProblem 400 `bad_subject`, naming the token that is not valid. */
export function addressOf(params: AddressParams): Address {
  for (const name of TOKENS) {
    const text = params[name]
    if (!TOKEN.test(text)) throw new HttpProblem('bad_subject', `${name} ${JSON.stringify(text)} must match ${TOKEN.source}`)
  }
  if (params.kind === UNADDRESSABLE) throw new HttpProblem('bad_subject', `kind "${UNADDRESSABLE}" is reserved`)
  return { tenant: params.tenant, kind: params.kind, id: params.id }
}
