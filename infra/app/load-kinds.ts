import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { z } from 'zod'
import { loadCatalogue } from '../../actors/kinds/interest/catalogue.ts'
import { createInterest } from '../../actors/kinds/interest/kind.ts'
import { kindsByName, type Kind, type Kinds } from '../../actors/definition/define-kind.ts'
import { reminderKind } from '../../actors/kinds/reminder/kind.ts'
import { loadArticles } from '../../actors/kinds/support/knowledge.ts'
import type { ModelOptions } from '../../actors/kinds/support/model.ts'
import { createSupport } from '../../actors/kinds/support/kind.ts'
import { sourceKind } from '../../actors/kinds/source/kind.ts'
import { ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import { zodProblem } from '../../schemas/envelope.ts'
import type { Settings } from '../settings.ts'

const kindShape = z.custom<Kind>((value) =>
  typeof value === 'object' && value !== null && 'machine' in value && 'name' in value && 'version' in value,
'must be a kind: what defineKind(…).with(machine) returns')
const configShape = z.object({ default: z.array(kindShape).min(1) })

/**
 * The kinds that the settings' CONFIG module exports by default, or the built-in ones where there is no such module. That of knowledge is
 * always there, since memory and search are: but where a config has had a kind of that name, its own one stays.
 *
 * @throws ColloquyError `bad_config` where the module throws or exports something else; what is wrong with a kind keeps its code.
 */
export async function loadKinds(settings: Settings): Promise<Kinds> {
  const file = resolve(settings.CONFIG)
  if (!existsSync(file)) return kindsByName(builtInKinds(settings))
  const module: unknown = await import(pathToFileURL(file).href).catch((cause: unknown) => { throw thrownBy(settings.CONFIG, cause) })
  const config = configShape.safeParse(module)
  if (!config.success) throw new ColloquyError('bad_config', `${settings.CONFIG} does not export kinds (${zodProblem(config.error, '')}); write "export default [kind, …]"`)
  try {
    const own = kindsByName(config.data.default)
    return own.has(sourceKind.name) ? own : new Map([...own, [sourceKind.name, sourceKind]])
  } catch (cause) {
    throw notLoaded(settings.CONFIG, '', cause)
  }
}

/** Where definitions are checked; the place that matters is the one that asked for it. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const OWN = ['actors/definition/', 'infra/'].map((path) => `${ROOT}${path}`)

/** With the place in the author's own files; a syntax error has it in its first line. */
function thrownBy(config: string, cause: unknown): ColloquyError {
  const stack = cause instanceof Error ? cause.stack ?? '' : ''
  const place = stack.split('\n').map((line) => /(?:^|[\s(]|file:\/\/)(\/[^\s()]+:\d+(?::\d+)?)\)?$/.exec(line)?.[1])
    .find((found) => found !== undefined && !found.includes('/node_modules/') && !OWN.some((path) => found.startsWith(path)))
  return notLoaded(config, place === undefined ? '' : `, at ${place}`, cause)
}

function notLoaded(config: string, place: string, cause: unknown): ColloquyError {
  const code = cause instanceof ColloquyError ? cause.code : 'bad_config'
  return new ForeignCodeError(code, `${config} cannot be loaded${place}: ${messageOf(cause)}`, { cause })
}

function builtInKinds(settings: Settings): Kind[] {
  const model = settings.LLM_BASE_URL === undefined || settings.LLM_MODEL === undefined ? undefined
    : { baseUrl: settings.LLM_BASE_URL, apiKey: settings.LLM_API_KEY, model: settings.LLM_MODEL, price: priceIn(settings) }
  return [createSupport({ articles: loadArticles(), model }), reminderKind, createInterest(loadCatalogue()), sourceKind]
}

const priceIn = ({ LLM_PRICE_IN: perMillionIn, LLM_PRICE_OUT: perMillionOut }: Settings): ModelOptions['price'] =>
  perMillionIn === undefined || perMillionOut === undefined ? undefined : { perMillionIn, perMillionOut }
