import type { Fact } from '../../schemas/profile-events.ts'

/** What a customer said about himself in any conversation. */
export interface KnownCustomer {
  /** Id of the actor of the kind `profile`; `null` where the installation has no such kind. */
  readonly profile: string | null
  /** Oldest first; without the messages that say them. */
  readonly facts: readonly Pick<Fact, 'about' | 'value'>[]
}

/** Customers of the actor's tenant, as a task sees them. */
export interface TaskCustomers {
  /**
   * What is known of a customer. What another conversation said just before may be missing for some milliseconds. Where profiles cannot be
   * read, nothing is known, and the log says why: no answer waits for a profile. Never rejects.
   *
   * @param customer his id, as `message.received` has it
   */
  customer(customer: string | number): Promise<KnownCustomer>
}
