import { detectLanguage } from '../../actors/core/detect-language.ts'
import type { EarlierTurn, UnderstandingQuery, Understood, UnderstoodIntent } from '../../actors/definition/task-understanding.ts'
import type { Act } from '../../schemas/dialogue-acts.ts'
import type { EntityDefinition } from '../../schemas/entity-definition.ts'
import type { QuestionVectors } from '../embedding/question-vectors.ts'
import type { TenantCache } from '../tenants/tenant-cache.ts'
import type { VersionedSettings } from '../tenants/tenant-settings-reader.ts'
import { actOf, ACTS_VERSION } from './acts/act-of.ts'
import { createEntityFinder, type EntityFinder } from './entities/entity-finder.ts'
import type { Classification } from './intents/intent-classifier.ts'
import type { TrainedSet, TrainedSets } from './training/trained-sets.ts'

export interface UnderstandingDeps {
  readonly tenants: Pick<TenantCache<VersionedSettings>, 'of'>
  readonly sets: Pick<TrainedSets, 'of'>
  readonly vectors: QuestionVectors
}

/** Understands a message of a tenant's user. */
export type Understand = (tenant: string, query: UnderstandingQuery) => Promise<Understood>

/** Characters of a name that tell trained sets of one version apart. */
const NAME_CHARS = 12
/** Earlier turns of a user in which the topic is looked for. */
const TOPIC_TURNS_MAX = 3

/** Acts that stay with the topic of the turns before. */
const CONTINUING_ACTS: ReadonlySet<Act> = new Set([
  'continuation',
  'clarification',
  'correction',
  'confirm',
  'deny',
  'cancel',
  'feedback',
  'handoff',
])

/** Finders by the definitions of a tenant, which are one list until they change. */
const finders = new WeakMap<readonly EntityDefinition[], EntityFinder>()
function finderOf(definitions: readonly EntityDefinition[]): EntityFinder {
  const finder = finders.get(definitions) ?? createEntityFinder(definitions)
  finders.set(definitions, finder)
  return finder
}

/** Creates the understanding of a process. It decides in this process, except that a set of vectors asks for the vector of the message. */
export function createUnderstanding({ tenants, sets, vectors }: UnderstandingDeps): Understand {
  return async (tenant, { text, history = [] }) => {
    const { settings, version: tenantVersion } = await tenants.of(tenant)
    const set = settings.INTENTS === 'off' ? undefined : await sets.of({ tenant, set: settings.INTENTS })
    const act = actOf(text, history)
    const classify = async (message: string): Promise<Classification | undefined> =>
      set?.classifier.classify(message, await vectorFor(set, vectors, message))
    const found = await classify(text)
    const outOfScope = found?.outOfScope ?? act.name === 'out_of_scope'
    const intents: readonly UnderstoodIntent[] = found === undefined || outOfScope ? [] : found.intents
    return {
      act,
      intents,
      outOfScope,
      entities: finderOf(settings.ENTITIES).find(text),
      route: set?.routes.get(intents[0]?.name ?? '') ?? null,
      topic: await topicOf(act.name, intents, history, classify),
      lang: detectLanguage(text),
      version: [
        ...(set === undefined ? [] : [`${settings.INTENTS}@${set.version}-${set.name.slice(0, NAME_CHARS)}`]),
        `acts@${ACTS_VERSION}`,
        `tenant@${tenantVersion}`,
      ].join(' '),
    }
  }
}

/** A set without vectors needs none. One whose model has been replaced decides by its words until it is trained again. */
async function vectorFor(set: TrainedSet, vectors: QuestionVectors, text: string): Promise<Float32Array | undefined> {
  if (set.vectors === null) return undefined
  const { fingerprint, vector } = await vectors.of(text)
  return fingerprint === set.vectors ? vector : undefined
}

async function topicOf(
  act: Act,
  [best]: readonly UnderstoodIntent[],
  history: readonly EarlierTurn[],
  classify: (text: string) => Promise<Classification | undefined>,
): Promise<string | null> {
  if (!CONTINUING_ACTS.has(act)) return best?.name ?? null
  const earlier = history.filter(({ role }) => role === 'user').slice(-TOPIC_TURNS_MAX)
  for (const { text } of earlier.reverse()) {
    const found = await classify(text)
    if (found !== undefined && !found.outOfScope) return found.intents[0]?.name ?? null
  }
  return best?.name ?? null
}
