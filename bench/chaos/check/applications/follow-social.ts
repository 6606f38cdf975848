import { z } from 'zod'
import { type CreateFollower, emittedOf, entryOf, idIn, kindIn } from './follower.ts'

interface Post {
  readonly likers: Set<string>
  likes: number
  comments: number
  shares: number
  isPublished: boolean
  /** Where it was analysed: its author and its topic. */
  place: { readonly author: string; readonly topic: string | null } | undefined
}

const bySchema = z.object({ by: z.string() })
const analysedSchema = z.object({ author: z.string(), topic: z.string().nullable() })
const postSchema = z.object({ likes: z.number(), comments: z.number(), shares: z.number() })
const authorSchema = postSchema.extend({ posts: z.number() })
const topicSchema = z.object({ posts: z.number() })

const NOTHING = { posts: 0, likes: 0, comments: 0, shares: 0 }
const sumText = (sums: object): string => JSON.stringify(sums, ['posts', 'likes', 'comments', 'shares'])

/** What is done with posts sums up in their authors, and posts in their topics. */
export const followSocial: CreateFollower = (report) => {
  const posts = new Map<string, Post>()
  const authors = new Map<string, z.output<typeof authorSchema>>()
  const topics = new Map<string, number>()

  const withInput = (post: Post, type: string, data: unknown): void => {
    const by = bySchema.safeParse(data).data?.by ?? ''
    if (type === 'post.published') post.isPublished = true
    else if (type === 'post.commented') post.comments += 1
    else if (type === 'post.shared') post.shares += 1
    else if (type === 'post.liked' && !post.likers.has(by)) {
      post.likers.add(by)
      post.likes += 1
    } else if (type === 'post.unliked' && post.likes > 0) {
      post.likers.delete(by)
      post.likes -= 1
    }
  }

  return {
    kinds: ['post', 'author', 'topic'],
    take({ seq, actor, record }) {
      if (kindIn(actor) === 'author') return void authors.set(idIn(actor), authorSchema.parse(record.label))
      if (kindIn(actor) === 'topic') return void topics.set(idIn(actor), topicSchema.parse(record.label).posts)
      const post = entryOf(posts, actor, () => ({
        likers: new Set<string>(),
        likes: 0,
        comments: 0,
        shares: 0,
        isPublished: false,
        place: undefined,
      }))
      withInput(post, record.input.type, record.input.data)
      for (const data of emittedOf(record, 'post.analysed')) {
        if (post.place !== undefined) report('sum', `LOG ${seq}: ${actor} is analysed again`)
        post.place = analysedSchema.parse(data)
      }
      const [is, should] = [
        sumText(postSchema.parse(record.label)),
        sumText({ likes: post.likes, comments: post.comments, shares: post.shares }),
      ]
      if (is !== should) report('sum', `LOG ${seq}: ${actor} has ${is}; expected ${should}`)
    },
    finish() {
      const inAuthors = new Map<string, z.output<typeof authorSchema>>()
      const inTopics = new Map<string, number>()
      for (const [actor, { isPublished, place, likes, comments, shares }] of posts) {
        if (place === undefined) {
          if (isPublished) report('sum', `${actor} is published and was never analysed`)
          continue
        }
        const sums = entryOf(inAuthors, place.author, () => ({ ...NOTHING }))
        sums.posts += 1
        sums.likes += likes
        sums.comments += comments
        sums.shares += shares
        if (place.topic !== null) inTopics.set(place.topic, (inTopics.get(place.topic) ?? 0) + 1)
      }
      for (const author of new Set([...authors.keys(), ...inAuthors.keys()])) {
        const [is, should] = [sumText(authors.get(author) ?? NOTHING), sumText(inAuthors.get(author) ?? NOTHING)]
        if (is !== should) report('sum', `author ${author} has ${is}; the posts have ${should}`)
      }
      for (const topic of new Set([...topics.keys(), ...inTopics.keys()])) {
        const [is, should] = [topics.get(topic) ?? 0, inTopics.get(topic) ?? 0]
        if (is !== should) report('sum', `topic ${topic} has ${is} posts; ${should} joined it`)
      }
    },
  }
}
