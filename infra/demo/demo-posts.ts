import type { Cue } from './play-script.ts'

interface DemoPost {
  readonly id: string
  readonly platform: string
  readonly author: string
  readonly text: string
  /** Accounts that share it, one from the other. */
  readonly shares?: readonly string[]
  readonly comments?: readonly string[]
  readonly likes: number
}

const POSTS: readonly DemoPost[] = [
  {
    id: 'x-1',
    platform: 'x',
    author: 'ann',
    text: 'The battery of the new phone is great, it lasts two days',
    shares: ['bob', 'cy', 'dan', 'eve'],
    comments: ['I love it too', 'Mine is terrible'],
    likes: 12,
  },
  {
    id: 'x-2',
    platform: 'x',
    author: 'bob',
    text: 'My new phone battery is terrible, empty at noon',
    comments: ['Same here, awful'],
    likes: 3,
  },
  { id: 'x-3', platform: 'x', author: 'cy', text: 'The museum opens its new garden on Friday', likes: 2 },
  { id: 'x-4', platform: 'x', author: 'ann', text: 'A wonderful evening in the museum garden', shares: ['cy'], likes: 5 },
  {
    id: 'weibo-1',
    platform: 'weibo',
    author: 'li',
    text: '今晚的球赛太精彩了，最后一分钟进球',
    shares: ['wang', 'zhao'],
    comments: ['太激动了', '裁判太差了'],
    likes: 9,
  },
  { id: 'weibo-2', platform: 'weibo', author: 'wang', text: '球赛最后一分钟丢球，太失望了', likes: 4 },
  { id: 'weibo-3', platform: 'weibo', author: 'zhao', text: '高铁又晚点了，等了两个小时', comments: ['我也在等'], likes: 1 },
  { id: 'weibo-4', platform: 'weibo', author: 'li', text: '高铁晚点两个小时，体验很差', likes: 2 },
]
const SEARCHES = [
  { account: 'eve', text: 'phone battery' },
  { account: 'wang', text: '球赛 进球' },
] as const
/** Milliseconds between a post and the next one, and between what is done with it. */
const [POST_MS, REACTION_MS] = [4_000, 700]

/** Posts of two platforms, what others do with them, and searches. */
export const postCues = (tenant: string): Cue[] => [
  ...POSTS.flatMap(({ id, platform, author, text, shares = [], comments = [], likes }, place) => {
    const address = { tenant, kind: 'post', id }
    const reactions = [
      ...comments.map((comment, index) => ({ type: 'post.commented', data: { by: `reader-${index}`, text: comment } })),
      ...shares.map((by, index) => ({ type: 'post.shared', data: { by, ...(index > 0 && { from: shares[index - 1] }) } })),
      ...Array.from({ length: likes }, (_, index) => ({ type: 'post.liked', data: { by: `reader-${index}` } })),
      ...(likes > 10 ? [{ type: 'post.unliked', data: { by: 'reader-0' } }] : []),
    ]
    const events = [{ type: 'post.published', data: { author, platform, text } }, ...reactions]
    return events.map(({ type, data }, index) => ({
      atMs: place * POST_MS + index * REACTION_MS,
      address,
      input: { type, id: `demo-${index}`, source: 'demo', data },
    }))
  }),
  ...SEARCHES.map(({ account, text }, index) => ({
    atMs: POSTS.length * POST_MS + index * REACTION_MS,
    address: { tenant, kind: 'author', id: account },
    input: { type: 'search.made', id: `demo-${index}`, source: 'demo', data: { text } },
  })),
]
