import { between, chanceOf, oneOf } from './chance.ts'
import { type Arrival, arrival, type PastPart } from './simulate-past.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const POSTS_A_DAY = [0, 2] as const
/** Posts of the bad day, and the hours within which they come, UTC. */
const BURST = 26
const BURST_HOURS = [9, 13] as const
const AUTHORS = ['ann', 'bob', 'cy', 'dan', 'eve', 'li', 'wang', 'zhao'] as const
const TEXTS: Readonly<Record<'calm' | 'bad', readonly (readonly [platform: string, text: string])[]>> = {
  calm: [
    ['x', 'The new kettle is great, tea in one minute'],
    ['x', 'My headphones came a day early, wonderful service'],
    ['x', 'The parcel was late again, but the support was friendly'],
    ['weibo', '新买的音箱音质很好，推荐'],
    ['weibo', '快递比预计早到一天，开心'],
    ['weibo', '水壶用了一周，烧水很快，但有点吵'],
  ],
  bad: [
    ['x', 'The support chat of the shop is down, terrible, no answer for an hour'],
    ['x', 'Support chat still down, awful, I wait and wait'],
    ['x', 'Is the support chat down for everybody? So annoying'],
    ['weibo', '在线客服又没反应了，等了一个小时，太差了'],
    ['weibo', '客服一直没回复，体验很差'],
  ],
}
const COMMENTS = ['Same here, awful', 'It works again for me', '我也是，太差了', '现在好了'] as const

export interface PastPostsOptions {
  readonly tenant: string
  readonly fromMs: number
  readonly untilMs: number
  isBadDay(atMs: number): boolean
}

/** Posts about the shop, a few a day and many on the bad day, and what others do with them. */
export function createPastPosts({ tenant, fromMs, untilMs, isBadDay }: PastPostsOptions): PastPart {
  const arrivals: Arrival[] = []
  const add = (dayMs: number, count: number, mood: 'calm' | 'bad'): void => {
    const id = `past-post-${new Date(dayMs).toISOString().slice(0, 10)}-${count}`
    const [from, to] = mood === 'bad' ? BURST_HOURS : [6, 22]
    const atMs = dayMs + between(from * HOUR_MS, to * HOUR_MS, id, 'at')
    const [platform, text] = oneOf(TEXTS[mood], id, 'text')
    const on = (afterMs: number, name: string, type: string, data: object): Arrival =>
      arrival({ tenant, kind: 'post', id }, atMs + afterMs, `${id}-${name}`, platform, type, data)
    arrivals.push(on(0, 'published', 'post.published', { author: oneOf(AUTHORS, id, 'author'), platform, text }))
    for (let like = between(0, mood === 'bad' ? 4 : 2, id, 'likes'); like > 0; like -= 1) {
      arrivals.push(on(like * 9 * MINUTE_MS, `liked-${like}`, 'post.liked', { by: `reader-${like}` }))
    }
    if (chanceOf(id, 'comments') < 0.4) {
      arrivals.push(on(20 * MINUTE_MS, 'commented', 'post.commented', { by: 'reader-1', text: oneOf(COMMENTS, id, 'comment') }))
    }
    if (chanceOf(id, 'shares') < 0.4) arrivals.push(on(30 * MINUTE_MS, 'shared', 'post.shared', { by: oneOf(AUTHORS, id, 'sharer') }))
  }
  for (let dayMs = fromMs; dayMs < untilMs; dayMs += DAY_MS) {
    for (let count = between(...POSTS_A_DAY, dayMs, 'posts'); count > 0; count -= 1) add(dayMs, count, 'calm')
    if (isBadDay(dayMs)) for (let count = 1; count <= BURST; count += 1) add(dayMs, 100 + count, 'bad')
  }
  return { arrivals }
}
