import { LRUCache } from 'lru-cache'
import type { ChosenPrompt, PromptWanted } from '../../actors/definition/task-prompts.ts'
import { promptContextSchema, type PromptRelease, type PromptText } from '../../actors/kinds/prompt/prompt-context.ts'
import { knownVariables } from '../../actors/prompting/built-in-prompts.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { PROMPT_KIND } from '../../schemas/prompt-events.ts'
import type { LogRecord } from '../../schemas/record.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { TenantSettings } from '../../schemas/tenant-settings.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { firstRecord, lastRecord, type ReadFrom, recordsOf } from '../jetstream/last-record.ts'
import { createTenantCache, type TenantCache } from '../tenants/tenant-cache.ts'
import type { VersionedSettings } from '../tenants/tenant-settings-reader.ts'
import { chooseVersion, type PromptUse } from './choose-version.ts'

/** Versions that a process keeps beside those in use, and for how long: 64 of the largest take 1 MiB. */
const VERSIONS_MAX = 64
const VERSION_MS = 60_000

/** Names a prompt of a tenant. */
export type PromptName = Pick<PromptUse, 'tenant' | 'name'>

/** A prompt of a tenant, as its actor has it. */
export interface TaughtPrompt {
  /** The newest version; 0 where nothing was set. */
  readonly version: number
  readonly release: PromptRelease
  readonly texts: readonly PromptText[]
}

/** A prompt with the LOG sequence of the last record of its actor; 0 where it has none. */
export interface ReadPrompt extends TaughtPrompt {
  readonly seq: number
}

export interface PromptsReader {
  /**
   * The prompt for an actor: the version that it gets, or the built-in text where none is released for it.
   *
   * @throws ColloquyError `no_prompts` if the actor with the prompt is of another kind; `no_prompt_version` where `version` is none
   */
  promptFor(use: PromptUse, wanted: PromptWanted): Promise<ChosenPrompt>
  stop(): void
}

/** The actor that holds a prompt. */
export const promptAddress = ({ tenant, name }: PromptName): Address => ({ tenant, kind: PROMPT_KIND, id: name })

/**
 * Creates the prompts of all tenants for one process: each is read from LOG once, and again after a release.
 *
 * @param tenants their settings
 */
export function createPromptsReader(
  jetstream: Pick<JetStreamContext, 'nc' | 'jsm'>,
  tenants: Pick<TenantCache<VersionedSettings>, 'of'>,
): PromptsReader {
  const cache = createTenantCache(
    jetstream.nc,
    `out.*.${PROMPT_KIND}.*.prompt.rolled_out`,
    (key) => {
      const [tenant = '', name = ''] = key.split('.')
      return readPrompt(jetstream, { tenant, name })
    },
    ([, tenant, , name]) => `${tenant}.${name}`,
  )
  /** Texts of versions that nobody is released to any more: they never change, unless the actor is erased. */
  const versions = new LRUCache<string, PromptText>({ max: VERSIONS_MAX, ttl: VERSION_MS })
  const textOf = async ({ tenant, name }: PromptUse, texts: readonly PromptText[], version: number): Promise<PromptText | undefined> => {
    if (version === 0) return undefined
    const key = `${tenant}.${name}@${version}`
    const known = texts.find((one) => one.version === version) ?? versions.get(key)
    if (known !== undefined) return known
    const read = await readPromptVersion(jetstream, { tenant, name }, version)
    versions.set(key, read)
    return read
  }
  return {
    async promptFor(use, wanted) {
      const [{ release, texts, seq: promptSeq }, { settings, seq: settingsSeq }] = await Promise.all([
        cache.of(`${use.tenant}.${use.name}`),
        tenants.of(use.tenant),
      ])
      const taught =
        wanted.version === undefined
          ? texts.find((one) => one.version === chooseVersion(use, release))
          : await textOf(use, texts, wanted.version)
      return { ...chosenPrompt(use.name, taught, settings, wanted), readFrom: { name: use.name, promptSeq, settingsSeq } }
    },
    stop: cache.stop,
  }
}

/** A version of a prompt as it is used; without one, the built-in text. */
export function chosenPrompt(
  name: string,
  taught: PromptText | undefined,
  settings: TenantSettings,
  { builtIn, lang }: PromptWanted,
): ChosenPrompt {
  const known = knownVariables(settings, lang)
  if (taught === undefined) return { promptVersion: `${name}@${builtIn[lang].version}`, template: builtIn[lang].text, variables: known }
  return { promptVersion: `${name}@${taught.version}`, template: taught.text, variables: { ...taught.variables, ...known } }
}

const NOTHING: TaughtPrompt = { version: 0, release: { version: 0, share: 1, before: 0 }, texts: [] }

/**
 * Reads a prompt.
 *
 * @throws ColloquyError `no_prompts` if the actor with the prompt is of another kind
 */
export async function readPrompt({ jsm }: Pick<JetStreamContext, 'jsm'>, name: PromptName, from: ReadFrom = 'leader'): Promise<ReadPrompt> {
  const last = await lastRecord({ jsm }, recordsOf(promptAddress(name)), from)
  return last === undefined ? { ...NOTHING, seq: 0 } : { ...contextOf(last.record), seq: last.seq }
}

/**
 * Reads a version of a prompt, also one that nobody gets any more.
 *
 * @throws ColloquyError `no_prompt_version` where the prompt never had it; `no_prompts` as `readPrompt`
 */
export async function readPromptVersion({ jsm }: Pick<JetStreamContext, 'jsm'>, name: PromptName, version: number): Promise<PromptText> {
  const subject = recordsOf(promptAddress(name))
  const last = await lastRecord({ jsm }, subject)
  const newest = last === undefined ? 0 : contextOf(last.record).version
  const textIn = (record: LogRecord): PromptText | undefined => contextOf(record).texts.find((one) => one.version === version)
  if (last !== undefined && version >= 1 && version <= newest) {
    const found = textIn(last.record)
    if (found !== undefined) return found
    const made = await firstRecord({ jsm }, subject, last, (record) => contextOf(record).version < version)
    const text = made === undefined ? undefined : textIn(made.record)
    if (text !== undefined) return text
  }
  throw new ColloquyError(
    'no_prompt_version',
    newest === 0
      ? `the tenant ${name.tenant} has set no prompt "${name.name}"`
      : `the prompt "${name.name}" of ${name.tenant} has the versions 1 to ${newest}, and no ${version}`,
  )
}

/** A prompt whose first input was rejected has no state. */
function contextOf({ state }: LogRecord): TaughtPrompt {
  if (state === null) return NOTHING
  const context = promptContextSchema.safeParse(state.context)
  if (context.success) return context.data
  throw new ColloquyError(
    'no_prompts',
    `prompts are kept by the built-in kind "${PROMPT_KIND}", and a colloquy.config.ts has another kind of this name; rename it`,
  )
}
