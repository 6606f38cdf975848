import { createAnswersShadow } from '../../pipeline/answering/answers-shadow.ts'
import { createAnswersCache, noSharedAnswers, openSharedAnswers } from '../../pipeline/answering/shared-answers.ts'
import { createSimilarAnswers } from '../../pipeline/answering/similar-answers.ts'
import { askWaitingCases } from '../../pipeline/desks/waiting-cases-service.ts'
import { remoteQuestionVectors } from '../../pipeline/embedding/question-vectors.ts'
import { createFanOuts } from '../../pipeline/fan-out/fan-out.ts'
import { remoteRecipients } from '../../pipeline/fan-out/recipients-service.ts'
import { createProfilesReader } from '../../pipeline/profiles/profiles-reader.ts'
import { createPromptsReader } from '../../pipeline/prompts/prompts-reader.ts'
import { evaluateByRules } from '../../pipeline/quality/evaluate-by-rules.ts'
import { openSavedIndexes } from '../../pipeline/recommending/saved-indexes.ts'
import { createTenantIndexes } from '../../pipeline/recommending/tenant-indexes.ts'
import { backgroundRun, singlePartition } from '../../pipeline/runtime/partitioned-stage.ts'
import { startStage } from '../../pipeline/runtime/stage.ts'
import { createRemoteSearch } from '../../pipeline/search/search-service.ts'
import { wordsWhereNoVector } from '../../pipeline/search/words-where-no-vector.ts'
import { createObjectStore, openTaskObjects } from '../../pipeline/task-runner/object-store.ts'
import { startObjectSweeper } from '../../pipeline/task-runner/object-sweeper.ts'
import { startTaskRunner } from '../../pipeline/task-runner/task-runner.ts'
import { createTenantSearches } from '../../pipeline/task-runner/tenant-search.ts'
import { createStreamModeReader } from '../../pipeline/tenants/stream-mode-reader.ts'
import { createTenantSettingsReader } from '../../pipeline/tenants/tenant-settings-reader.ts'
import { createTenantTopics } from '../../pipeline/topics/tenant-topics.ts'
import { customerKeys } from './customer-access.ts'
import { openGeneration } from './open-generation.ts'
import { openUnderstanding } from './open-understanding.ts'
import { BUCKET } from './prepare-streams.ts'
import type { RoleWork, StageContext } from './role-work.ts'

/**
 * The work of the role `tasks`: the runner with all that its tasks may call, and the sweeper of their objects. Its searches and vectors
 * come over NATS from a process that has the index and the model.
 */
export function tasksWork({ settings, kinds, kv, replicas, jetstream, caches, metrics, log }: StageContext): RoleWork {
  return {
    stage: {
      name: 'tasks',
      partitions: 'all',
      async start(started) {
        const searches = createTenantSearches(jetstream, wordsWhereNoVector(createRemoteSearch(jetstream.nc), log))
        started.defer(() => searches.stop())
        const vectors = remoteQuestionVectors(jetstream.nc)
        const understand = await openUnderstanding({ settings, jetstream, replicas, vectors, log }, started)
        const tenants = createTenantSettingsReader(jetstream)
        started.defer(() => tenants.stop())
        const generation = await openGeneration({ settings, jetstream, kv, tenants, metrics, log }, started)
        const indexes = createTenantIndexes({ jetstream, saved: await openSavedIndexes(jetstream, replicas), log })
        started.defer(() => indexes.stop())
        const topics = createTenantTopics({ jetstream, log })
        started.defer(() => topics.stop())
        const prompts = createPromptsReader(jetstream, tenants)
        started.defer(() => prompts.stop())
        const profiles = createProfilesReader({ jetstream, keys: customerKeys(settings, kv), kinds, log })
        started.defer(() => profiles.stop())
        const bucket = await openTaskObjects(jetstream, replicas)
        const { TASK_OBJECT_BYTES_MAX: objectBytesMax, TASK_OBJECTS_BYTES_MAX: objectsBytesMax } = settings
        const objects = createObjectStore(bucket, { objectBytesMax, objectsBytesMax })
        const recipients = remoteRecipients(jetstream.nc, log)
        const fanOuts = createFanOuts({ jetstream, kinds, recipients, perSecondMax: settings.FANOUT_RATE_MAX, log, metrics })
        const isShadow = settings.CACHE === 'shadow'
        const settingsOf = async (tenant: string) => (await tenants.of(tenant)).settings
        const similar = createSimilarAnswers({ vectors, settingsOf, evaluate: evaluateByRules, isShadow, metrics, log })
        const shadow = isShadow ? createAnswersShadow({ metrics, log }) : undefined
        const answers =
          caches === undefined ? noSharedAnswers : openSharedAnswers(jetstream, { cache: createAnswersCache(caches), similar, shadow, log })
        started.defer(() => answers.stop())
        return startStage(
          'tasks',
          () =>
            startTaskRunner({
              jetstream,
              bucket: BUCKET,
              kv,
              kinds,
              searchIndexOf: searches.of,
              understand,
              evaluate: evaluateByRules,
              streamModeOf: createStreamModeReader(tenants, settings.STREAM, log),
              ...generation,
              answers,
              promptFor: prompts.promptFor,
              objects,
              fanOuts,
              recommend: indexes.recommend,
              vectorOf: (text) => vectors.of(text, 'passage'),
              topicFor: topics.topicFor,
              customerOf: profiles.of,
              waitingCasesOf: ({ tenant, kind, id: team }, query) => askWaitingCases(jetstream.nc, { tenant, kind, team, ...query }),
              glossaryOf: async (tenant) => (await settingsOf(tenant)).GLOSSARY,
              log,
              metrics,
              now: Date.now,
            }),
          log,
        )
      },
    },
    background: [
      {
        name: 'objects',
        partitions: 1,
        async start() {
          const bucket = await openTaskObjects(jetstream, replicas)
          return singlePartition(backgroundRun(startObjectSweeper({ jetstream, bucket, log, now: Date.now })))
        },
      },
    ],
  }
}
