import { detectLanguage } from '../../actors/core/detect-language.ts'
import type { EarlierTurn, UnderstandingQuery, Understood, UnderstoodIntent } from '../../actors/definition/task-understanding.ts'
import type { Act } from '../../schemas/dialogue-acts.ts'
import type { EntityDefinition } from '../../schemas/entity-definition.ts'
import type { QuestionVectors } from '../embedding/question-vectors.ts'
import type { TenantCache } from '../tenants/tenant-cache.ts'
import type { VersionedSettings } from '../tenants/tenant-settings-reader.ts'
import { actOf, ACTS_VERSION } from './acts/act-of.ts'
import { createEntityFinder, type EntityFinder } from './entities/entity-finder.ts'
import { CHOICES_MAX, type IntentChoice } from './intent-choice.ts'
import type { Classification } from './intents/intent-classifier.ts'
import type { TrainedSet, TrainedSets } from './training/trained-sets.ts'

export interface UnderstandingDeps {
  readonly tenants: Pick<TenantCache<VersionedSettings>, 'of'>
  readonly sets: Pick<TrainedSets, 'of'>
  readonly vectors: QuestionVectors
  /** Default: the trained set decides alone. */
  readonly choice?: IntentChoice | undefined
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
export function createUnderstanding({ tenants, sets, vectors, choice }: UnderstandingDeps): Understand {
  return async (tenant, { text, history = [] }) => {
    const { settings, version: tenantVersion } = await tenants.of(tenant)
    const set = settings.INTENTS === 'off' ? undefined : await sets.of({ tenant, set: settings.INTENTS })
    const act = actOf(text, history)
    const classify = async (message: string): Promise<Classification | undefined> =>
      set?.classifier.classify(message, await vectorFor(set, vectors, message))
    const found = await classify(text)
    const own: Decided = {
      outOfScope: found?.outOfScope ?? act.name === 'out_of_scope',
      intents: found === undefined || found.outOfScope ? [] : found.intents,
    }
    const isUnsure = found !== undefined && (found.candidates[0]?.confidence ?? 0) < settings.UNSURE_BELOW
    const { intents, outOfScope, by } = isUnsure && choice !== undefined ? await chosenBy(choice, text, found, set, own) : own
    return {
      act,
      intents,
      outOfScope,
      entities: finderOf(settings.ENTITIES).find(text),
      route: set?.facts.get(intents[0]?.name ?? '')?.route ?? null,
      topic: await topicOf(act.name, intents, history, classify),
      lang: detectLanguage(text),
      ...(by !== undefined && { by }),
      version: [
        ...(set === undefined ? [] : [`${settings.INTENTS}@${set.version}-${set.name.slice(0, NAME_CHARS)}`]),
        `acts@${ACTS_VERSION}`,
        `tenant@${tenantVersion}`,
      ].join(' '),
    }
  }
}

interface Decided {
  readonly intents: readonly UnderstoodIntent[]
  readonly outOfScope: boolean
  readonly by?: string
}

/** Lets the language model decide between the best intents of a message of which the set is unsure. */
async function chosenBy(
  choice: IntentChoice,
  text: string,
  { candidates, intents }: Classification,
  set: TrainedSet | undefined,
  own: Decided,
): Promise<Decided> {
  const best = candidates.slice(0, CHOICES_MAX)
  const chosen = await choice.choose(
    text,
    best.map(({ name }) => ({ name, description: set?.facts.get(name)?.description })),
  )
  if (chosen === undefined) return own
  if (chosen === null) return { intents: [], outOfScope: true, by: choice.model }
  const confidence = best.find(({ name }) => name === chosen)?.confidence ?? 0
  const because = intents.find(({ name }) => name === chosen)?.because ?? []
  return { intents: [{ name: chosen, confidence, because }], outOfScope: false, by: choice.model }
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
