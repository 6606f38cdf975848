import { authorKind } from '../../../actors/kinds/author/author-kind.ts'
import { createDesk } from '../../../actors/kinds/desk/desk-kind.ts'
import { createDocumentKind } from '../../../actors/kinds/document/kind.ts'
import { createInterest } from '../../../actors/kinds/interest/kind.ts'
import { createItem } from '../../../actors/kinds/item/kind.ts'
import { postKind } from '../../../actors/kinds/post/post-kind.ts'
import { createReminder } from '../../../actors/kinds/reminder/kind.ts'
import { seriesKind } from '../../../actors/kinds/series/series-kind.ts'
import { strategyKind } from '../../../actors/kinds/strategy/strategy-kind.ts'
import { createSupport } from '../../../actors/kinds/support/kind.ts'
import { loadArticles } from '../../../actors/kinds/support/knowledge.ts'
import { createTemplate } from '../../../actors/kinds/template/kind.ts'
import { topicKind } from '../../../actors/kinds/topic/topic-kind.ts'
import { topicsKind } from '../../../actors/kinds/topic/topics-kind.ts'
import { createTrade } from '../../../actors/kinds/trade/kind.ts'
import { createTriggerKind } from '../../../actors/kinds/trigger/trigger-kind.ts'
import { createWriter } from '../../../actors/kinds/writer/writer-kind.ts'
import { createDocumentMaker } from '../../../pipeline/documents/document-maker.ts'
import { DESK_KIND } from '../../../schemas/desk-events.ts'
import chaosKinds from '../chaos-kind.ts'
import { HELPED_KIND } from '../check/applications/follow-desk.ts'
import { agentKind } from './agent-kind.ts'
import { applicationActor } from './applications.ts'

/** What is delivered goes nowhere: the records say what was sent. */
const nowhere = async (): Promise<void> => undefined

/** The kinds of a chaos run: the one that its checker has a whole model of, and the applications. */
export default [
  ...chaosKinds,
  createSupport({ articles: loadArticles() }),
  createSupport({ name: HELPED_KIND, articles: loadArticles(), desk: { team: applicationActor(DESK_KIND, 0) } }),
  createDesk(),
  agentKind,
  createReminder(),
  createItem(),
  createInterest([]),
  postKind,
  authorKind,
  topicKind,
  topicsKind,
  createTemplate(),
  createDocumentKind({ make: createDocumentMaker() }),
  strategyKind,
  createWriter(),
  seriesKind,
  createTriggerKind({ channels: { hook: nowhere, chat: nowhere, mail: nowhere } }),
  createTrade({ dailyMax: 1_000 }),
]
