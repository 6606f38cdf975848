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
   * What is known of a customer. What another conversation said just before may be missing for some milliseconds.
   *
   * @param customer his id, as `message.received` has it
   * @throws ColloquyError `other_customer_key` where this process has another key than those that made the profiles of the tenant
   */
  customer(customer: string | number): Promise<KnownCustomer>
}
