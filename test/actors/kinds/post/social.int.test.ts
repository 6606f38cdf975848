import { afterAll, beforeAll, expect, test } from 'vitest'
import { authorKind } from '../../../../actors/kinds/author/author-kind.ts'
import { postKind } from '../../../../actors/kinds/post/post-kind.ts'
import { topicKind } from '../../../../actors/kinds/topic/topic-kind.ts'
import { topicsKind } from '../../../../actors/kinds/topic/topics-kind.ts'
import { makeSocialReport } from '../../../../infra/reporting/social/social-report.ts'
import { en, zh } from '../../../../infra/reporting/social/social-words.ts'
import { caughtUp, publishAll, readLog, rows } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [postKind, authorKind, topicKind, topicsKind] })
})
afterAll(() => system.stop())

const publish = (key: string, type: string, data: object) => publishAll(system, [{ subject: `in.acme.${key}`, body: { type, data } }])
const emitted = async (type: string): Promise<string[]> =>
  (await readLog(system)).flatMap(({ actor, record }) => record.emitted.filter((event) => event.type === type).map(() => actor))

test('posts are analysed, find their topic and make their authors known', async () => {
  await publish('post.x-1', 'post.liked', { by: 'eve' })
  const posts = {
    'x-1': { author: 'ann', text: 'The battery of this phone is great. A great battery!' },
    'x-2': { author: 'bob', text: 'My phone has a terrible battery, worst battery ever' },
    'x-3': { author: 'bob', text: '😀😀😀' },
    'wb-1': { author: 'li', text: '今天的球赛太精彩了，球赛真好看' },
  }
  for (const [id, post] of Object.entries(posts)) {
    await publish(`post.${id}`, 'post.published', { ...post, platform: id.startsWith('x') ? 'x' : 'weibo' })
    await expect.poll(() => emitted('post.analysed'), { timeout: 60_000 }).toContain(`acme/post/${id}`)
  }
  await publish('post.x-1', 'post.shared', { by: 'cy' })
  await publish('post.x-1', 'post.shared', { by: 'dan', from: 'cy' })
  await publish('post.x-1', 'post.commented', { by: 'dan', text: 'great battery' })
  await publish('author.eve', 'search.made', { text: 'phone battery', platform: 'x' })
  await expect.poll(() => emitted('comments.analysed'), { timeout: 60_000 }).toEqual(['acme/post/x-1'])
  await expect.poll(() => emitted('search.analysed'), { timeout: 60_000 }).toEqual(['acme/author/eve'])
  await caughtUp(system)
  const found = await rows<{ actor: string; topic: string }>(
    system,
    `SELECT actor, author, platform, language, sentiment, topic, keywords, excerpt FROM posts ORDER BY actor`,
  )
  expect(found).toMatchObject([
    { actor: 'wb-1', author: 'li', platform: 'weibo', language: 'zh', sentiment: 'positive' },
    { actor: 'x-1', author: 'ann', sentiment: 'positive', excerpt: posts['x-1'].text },
    { actor: 'x-2', author: 'bob', sentiment: 'negative' },
    { actor: 'x-3', topic: '', keywords: [], sentiment: expect.any(String) as string },
  ])
  const topics = Object.fromEntries(found.map(({ actor, topic }) => [actor, topic]))
  expect(topics['x-2']).toBe(topics['x-1'])
  expect(topics['wb-1']).not.toBe(topics['x-1'])
  const actors = await rows<{ actor: string; label: string }>(
    system,
    `SELECT actor, label_raw AS label FROM actors WHERE kind IN ('author', 'topic', 'topics') ORDER BY kind, actor`,
  )
  const labels = Object.fromEntries(actors.map(({ actor, label }) => [actor, JSON.parse(label) as unknown]))
  expect(labels).toMatchObject({
    ann: { posts: 1, likes: 1, comments: 1, shares: 2, interest: topics['x-1'] },
    bob: { posts: 2, interest: topics['x-1'] },
    eve: { posts: 0, interest: topics['x-1'] },
    [topics['x-1'] ?? '']: { posts: 2, positive: 1, negative: 1 },
    all: { topics: 2 },
  })
}, 120_000)

test.each(['en', 'zh'] as const)('the report in %s has the figures of the period, and a page without scripts', async (lang) => {
  const scope = { tenant: 'acme', from: new Date(Date.now() - 86_400_000), to: new Date(Date.now() + 60_000), tz: 'Asia/Shanghai' }
  const page = await makeSocialReport(system.running.client ?? expect.unreachable('no tables'), scope, new Date(), lang)
  const { title, sections, noForecast } = { en, zh }[lang]
  for (const text of [title, ...Object.values(sections), noForecast, '球赛', 'battery', 'The battery of this phone'])
    expect(page).toContain(text)
  expect(page).not.toContain('<script')
})
