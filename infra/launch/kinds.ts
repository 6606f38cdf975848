import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { KV } from '@nats-io/kv'
import { z } from 'zod'
import { loadCatalogue } from '../../actors/interest/catalogue.ts'
import { createInterest } from '../../actors/interest/kind.ts'
import { kindsByName, type Kind, type Kinds } from '../../actors/kind.ts'
import { reminderKind } from '../../actors/reminder.ts'
import { loadArticles } from '../../actors/support/knowledge.ts'
import type { ModelOptions } from '../../actors/support/model.ts'
import { createSupport } from '../../actors/support/kind.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { Settings } from '../settings.ts'

const kindShape = z.custom<Kind>((value) =>
  typeof value === 'object' && value !== null && 'machine' in value && 'name' in value && 'version' in value,
'must be a kind: what defineKind(…).with(machine) returns')
const configShape = z.object({ default: z.array(kindShape).min(1) })

/**
 * The kinds that the settings' CONFIG module exports by default, or the built-in ones where there is no such module.
 *
 * @throws ColloquyError `bad_config` where the module throws or exports something else.
 */
export async function loadKinds(settings: Settings): Promise<Kinds> {
  const file = resolve(settings.CONFIG)
  if (!existsSync(file)) return kindsByName(builtInKinds(settings))
  try {
    return kindsByName(configShape.parse(await import(pathToFileURL(file).href)).default)
  } catch (cause) {
    throw new ColloquyError('bad_config', `${settings.CONFIG} does not export kinds (${messageOf(cause)}); write "export default [kind, …]"`, { cause })
  }
}

function builtInKinds(settings: Settings): Kind[] {
  const model = settings.LLM_BASE_URL === undefined || settings.LLM_MODEL === undefined ? undefined
    : { baseUrl: settings.LLM_BASE_URL, apiKey: settings.LLM_API_KEY, model: settings.LLM_MODEL, price: priceIn(settings) }
  return [createSupport({ articles: loadArticles(), model }), reminderKind, createInterest(loadCatalogue())]
}

const priceIn = ({ LLM_PRICE_IN: perMillionIn, LLM_PRICE_OUT: perMillionOut }: Settings): ModelOptions['price'] =>
  perMillionIn === undefined || perMillionOut === undefined ? undefined : { perMillionIn, perMillionOut }

const PREFIX = 'kinds.'

/**
 * Enters the kinds into the cluster's register. A host that lacked one would reject its inputs for good.
 *
 * @throws ColloquyError `kind_missing` where the register has one that is not among these.
 */
export async function registerKinds(kv: KV, kinds: Kinds): Promise<void> {
  for await (const key of await kv.keys(`${PREFIX}*`)) {
    const name = key.slice(PREFIX.length)
    if (kinds.has(name)) continue
    throw new ColloquyError('kind_missing', `kind "${name}" is in use here and this process does not have it: its inputs would be rejected. Add it to COLLOQUY_CONFIG, or take it out of use with "colloquy kinds --retire ${name}"`)
  }
  for (const kind of kinds.values()) await kv.put(`${PREFIX}${kind.name}`, JSON.stringify({ version: kind.version }))
}

const registeredShape = z.object({ version: z.int() })

/** The kinds that are in use in the cluster, and the newest version of each, by name. */
export async function registeredKinds(kv: KV): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for await (const key of await kv.keys(`${PREFIX}*`)) {
    const entry = await kv.get(key)
    if (entry !== null) found.set(key.slice(PREFIX.length), registeredShape.parse(entry.json()).version)
  }
  return found
}

/** Takes a kind out of the register: its inputs are rejected as `unknown_kind` from then on. */
export const retireKind = (kv: KV, name: string): Promise<void> => kv.delete(`${PREFIX}${name}`)
