import { z } from 'zod'
import { type Address, TOKEN, UNADDRESSABLE } from '../../schemas/subjects.ts'
import { HttpProblem } from './problems.ts'

const TOKENS = ['tenant', 'kind', 'id'] as const

/** The path pattern of an actor's address, for the routes about one actor. */
export const ADDRESS_PATH = TOKENS.map((token) => `:${token}`).join('/')
export type AddressParams = Readonly<Record<(typeof TOKENS)[number], string>>

const token = z.string().regex(TOKEN)
/** The parameters of such a path. `addressOf` checks them, and names the one that is not valid. */
export const addressParams = z.object({
  tenant: token.meta({ description: 'Whose actor it is' }),
  kind: token.meta({ description: 'Name of its kind' }),
  id: token.meta({ description: 'Its id, unique in tenant and kind' }),
})

/** Validates the address in a path. @throws HttpProblem 400 `bad_subject`, naming the token that is not valid. */
export function addressOf(params: AddressParams): Address {
  for (const name of TOKENS) {
    const text = params[name]
    if (!TOKEN.test(text)) throw new HttpProblem('bad_subject', `${name} ${JSON.stringify(text)} must match ${TOKEN.source}`)
  }
  if (params.kind === UNADDRESSABLE) throw new HttpProblem('bad_subject', `kind "${UNADDRESSABLE}" is reserved`)
  return { tenant: params.tenant, kind: params.kind, id: params.id }
}
