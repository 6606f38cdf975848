import { InvalidArgumentError } from 'commander'
import { type Address, parseActorKey, TOKEN, UNADDRESSABLE } from '../../schemas/subjects.ts'
import { intentSetSchema } from '../../schemas/tenant-settings.ts'

const TOKEN_TEXT = '[A-Za-z0-9_-], at most 128 characters'

/** Parses `<tenant>/<kind>/<id>`, or `<kind>/<id>` of the tenant `default`. */
export function actorArgument(text: string): Address {
  const address = parseActorKey(text)
  if (address === undefined || address.kind === UNADDRESSABLE) {
    throw new InvalidArgumentError(`It must be <tenant>/<kind>/<id> or <kind>/<id>, each of ${TOKEN_TEXT}.`)
  }
  return address
}

export function tokenArgument(text: string): string {
  if (!TOKEN.test(text)) throw new InvalidArgumentError(`It must be of ${TOKEN_TEXT}.`)
  return text
}

/** Parses the name of a set of intents. */
export function setArgument(text: string): string {
  const name = intentSetSchema.safeParse(text)
  if (!name.success) throw new InvalidArgumentError('It must be letters and digits, in parts that a single "-" or "_" joins; at most 32.')
  return name.data
}
