import type { ClickHouseClient } from '@clickhouse/client'
import { askQuestion, countsHistory, readFreshness, type Scope } from '../questions/ask-question.ts'
import type { Answer } from '../questions/questions.ts'
import type { Language } from './report-format.ts'
import { type ReportOf, reportPage } from './report-page.ts'
import type { Answers, Words } from './report-words.ts'
import { en } from './words/en.ts'
import { zh } from './words/zh.ts'

const WORDS: Readonly<Record<Language, Words>> = { en, zh }

/** Joins unanswered questions that mean the same. */
export type JoinMeanings = (scope: Scope, rows: Answer<'unanswered'>) => Promise<Answer<'unanswered'>>

/** Asks all questions one after the other and renders the answers as one HTML page. */
export async function makeReport(
  clickhouse: ClickHouseClient,
  of: ReportOf,
  previous: Scope | undefined,
  language: Language,
  join: JoinMeanings,
): Promise<string> {
  const freshness = await readFreshness(clickhouse)
  const answers = await askAll(clickhouse, of.scope, join)
  const before = previous === undefined ? undefined : { scope: previous, answers: await askAll(clickhouse, previous, join) }
  const scopes = previous === undefined ? [of.scope] : [of.scope, previous]
  const counted = await Promise.all(scopes.map((scope) => countsHistory(clickhouse, scope)))
  return reportPage({ ...of, answers, before, freshness, countsHistory: counted.includes(true) }, WORDS[language])
}

const askAll = async (clickhouse: ClickHouseClient, scope: Scope, join: JoinMeanings): Promise<Answers> => ({
  containment: await askQuestion(clickhouse, 'containment', scope),
  'first-response': await askQuestion(clickhouse, 'first-response', scope),
  'repeat-contact': await askQuestion(clickhouse, 'repeat-contact', scope),
  escalations: await askQuestion(clickhouse, 'escalations', scope),
  cost: await askQuestion(clickhouse, 'cost', scope),
  satisfaction: await askQuestion(clickhouse, 'satisfaction', scope),
  'time-in-state': await askQuestion(clickhouse, 'time-in-state', scope),
  backlog: await askQuestion(clickhouse, 'backlog', scope),
  'intent-funnel': await askQuestion(clickhouse, 'intent-funnel', scope),
  quality: await askQuestion(clickhouse, 'quality', scope),
  'knowledge-gaps': await askQuestion(clickhouse, 'knowledge-gaps', scope),
  tasks: await askQuestion(clickhouse, 'tasks', scope),
  unanswered: await join(scope, await askQuestion(clickhouse, 'unanswered', scope)),
  'heat-map': await askQuestion(clickhouse, 'heat-map', scope),
  'label-funnel': await askQuestion(clickhouse, 'label-funnel', scope),
  versions: await askQuestion(clickhouse, 'versions', scope),
  'rating-comments': await askQuestion(clickhouse, 'rating-comments', scope),
  'late-tasks': await askQuestion(clickhouse, 'late-tasks', scope),
  'model-cost': await askQuestion(clickhouse, 'model-cost', scope),
  kpi: await askQuestion(clickhouse, 'kpi', scope),
  'evaluator-agreement': await askQuestion(clickhouse, 'evaluator-agreement', scope),
  'prompt-versions': await askQuestion(clickhouse, 'prompt-versions', scope),
  'cache-freshness': await askQuestion(clickhouse, 'cache-freshness', scope),
  alerts: await askQuestion(clickhouse, 'alerts', scope),
  strategies: await askQuestion(clickhouse, 'strategies', scope),
  'wait-for-a-person': await askQuestion(clickhouse, 'wait-for-a-person', scope),
  agents: await askQuestion(clickhouse, 'agents', scope),
  sla: await askQuestion(clickhouse, 'sla', scope),
  trends: await askQuestion(clickhouse, 'trends', scope),
})
