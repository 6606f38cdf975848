import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { z } from 'zod'
import { checkChildKinds, type Kind, type Kinds, kindsByName } from '../../actors/definition/define-kind.ts'
import { authorKind } from '../../actors/kinds/author/author-kind.ts'
import { canaryKind } from '../../actors/kinds/canary/kind.ts'
import { createChat } from '../../actors/kinds/chat/kind.ts'
import { createDesk } from '../../actors/kinds/desk/desk-kind.ts'
import { createDocumentKind } from '../../actors/kinds/document/kind.ts'
import { createFront } from '../../actors/kinds/front/kind.ts'
import { hookKind } from '../../actors/kinds/hook/kind.ts'
import { intentKind } from '../../actors/kinds/intents/intent-kind.ts'
import { intentsKind } from '../../actors/kinds/intents/intents-kind.ts'
import { createInterest } from '../../actors/kinds/interest/kind.ts'
import { createItem } from '../../actors/kinds/item/kind.ts'
import { postKind } from '../../actors/kinds/post/post-kind.ts'
import { profileKind } from '../../actors/kinds/profile/profile-kind.ts'
import { promptKind } from '../../actors/kinds/prompt/kind.ts'
import { createQuestion } from '../../actors/kinds/question/kind.ts'
import { createReminder } from '../../actors/kinds/reminder/kind.ts'
import { scheduleKind } from '../../actors/kinds/schedule/kind.ts'
import { seriesKind } from '../../actors/kinds/series/series-kind.ts'
import { sourceKind } from '../../actors/kinds/source/kind.ts'
import { strategyKind } from '../../actors/kinds/strategy/strategy-kind.ts'
import { createSupport } from '../../actors/kinds/support/kind.ts'
import { loadArticles } from '../../actors/kinds/support/knowledge.ts'
import { createTemplate } from '../../actors/kinds/template/kind.ts'
import { tenantKind } from '../../actors/kinds/tenant/kind.ts'
import { topicKind } from '../../actors/kinds/topic/topic-kind.ts'
import { topicsKind } from '../../actors/kinds/topic/topics-kind.ts'
import { translationKind } from '../../actors/kinds/translation/translation-kind.ts'
import { createTriggerKind } from '../../actors/kinds/trigger/trigger-kind.ts'
import { createWriter } from '../../actors/kinds/writer/writer-kind.ts'
import { createDocumentMaker } from '../../pipeline/documents/document-maker.ts'
import { createAlertChannels } from '../../pipeline/hooks/alert-channels.ts'
import { ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import type { Settings } from '../settings.ts'
import { deskTeamOf } from './desk-team.ts'

const kindShape = z.custom<Kind>(
  (value) => typeof value === 'object' && value !== null && 'machine' in value && 'name' in value && 'version' in value,
  'must be a kind: the result of defineKind(…).with(machine)',
)
/** Max time that the import of the module may take: an `await` at its top level may wait for ever. */
export const IMPORT_MS_MAX = 30_000

/** Kinds of what tenants set, teach and schedule, and the canary of the cluster. Other parts of Colloquy read their records. */
const ALWAYS_THERE: readonly Kind[] = [sourceKind, tenantKind, intentsKind, intentKind, promptKind, hookKind, scheduleKind, canaryKind]

const configShape = z.object({ default: z.array(kindShape).min(1) })

/**
 * Loads the kinds that the module CONFIG exports by default, or the built-in kinds if the file does not exist. The kinds that are always
 * there are added, except where the module has a kind of that name.
 *
 * @throws ColloquyError `bad_config` if the module throws or does not export kinds; `config_hangs` if its import does not end in time. An
 * error in the definition of a kind keeps its code.
 */
export async function loadKinds(settings: Settings, importMsMax = IMPORT_MS_MAX): Promise<Kinds> {
  const file = resolve(settings.CONFIG)
  if (!existsSync(file)) return kindsByName(builtInKinds(settings))
  const imported = import(pathToFileURL(file).href).catch((cause: unknown) => {
    throw importError(settings.CONFIG, cause)
  })
  const module: unknown = await inTime(imported, importMsMax, settings.CONFIG)
  const config = configShape.safeParse(module, IN_WORDS)
  if (!config.success) {
    throw new ColloquyError(
      'bad_config',
      `${settings.CONFIG} does not export kinds (${zodProblem(config.error, '')}); write "export default [kind, …]"`,
    )
  }
  try {
    const own = kindsByName(config.data.default)
    const all = kindsByName([...own.values(), ...ALWAYS_THERE.filter(({ name }) => !own.has(name))])
    checkChildKinds(all)
    return all
  } catch (cause) {
    throw loadError(settings.CONFIG, '', cause)
  }
}

async function inTime(imported: Promise<unknown>, msMax: number, config: string): Promise<unknown> {
  const settled = new AbortController()
  const late = delay(msMax, undefined, { signal: settled.signal }).then(() => {
    throw new ColloquyError('config_hangs', `importing ${config} took longer than ${msMax / 1_000} s; look for an await that does not end`)
  })
  try {
    return await Promise.race([imported, late])
  } finally {
    settled.abort()
    late.catch(() => undefined)
    imported.catch(() => undefined)
  }
}

/** Stack frames in these folders are skipped: they check a definition, and the user wants the line that defines it. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SKIPPED = ['actors/definition/', 'infra/'].map((path) => `${ROOT}${path}`)

/** The error of a module that throws, with the line in the user's own files. */
function importError(config: string, cause: unknown): ColloquyError {
  const stack = cause instanceof Error ? (cause.stack ?? '') : ''
  const place = stack
    .split('\n')
    .map((line) => /(?:^|[\s(]|file:\/\/)(\/[^\s()]+:\d+(?::\d+)?)\)?$/.exec(line)?.[1])
    .find((found) => found !== undefined && !found.includes('/node_modules/') && !SKIPPED.some((path) => found.startsWith(path)))
  return loadError(config, place === undefined ? '' : `, at ${place}`, cause)
}

function loadError(config: string, place: string, cause: unknown): ColloquyError {
  const code = cause instanceof ColloquyError ? cause.code : 'bad_config'
  return new ForeignCodeError(code, `${config} cannot be loaded${place}: ${messageOf(cause)}`, { cause })
}

function builtInKinds(settings: Settings): Kind[] {
  const { HOOK_HOSTS: hosts, SMTP_URL: smtpUrl, MAIL_FROM: mailFrom } = settings
  const { REPLY_BUDGET_MS: replyBudgetMs, LLM_REWRITE_MS: rewriteMs, QUALITY_MIN: qualityMin, QUOTATION_MIN: quotationMin } = settings
  const { QUESTIONS_AT_ONCE: places, QUESTIONS_WAITING_MAX: waitingMax, DESK_SKILLS: skills } = settings
  const team = deskTeamOf(settings)
  const articles = loadArticles()
  return [
    createSupport({ articles, rewriteMs, replyBudgetMs, qualityMin, quotationMin, desk: team === '' ? false : { team, skills } }),
    createChat(),
    createQuestion({ articles, places, waitingMax, qualityMin, quotationMin }),
    createReminder(),
    createInterest(),
    createItem(),
    createFront(),
    createDesk(),
    profileKind,
    translationKind,
    postKind,
    authorKind,
    topicKind,
    topicsKind,
    seriesKind,
    createTriggerKind({ channels: createAlertChannels({ hosts, smtpUrl, mailFrom }) }),
    createTemplate(),
    createDocumentKind({ make: createDocumentMaker() }),
    strategyKind,
    createWriter(),
    ...ALWAYS_THERE,
  ]
}
