/** Where a local stack listens, as its stack file says; empty texts count as absent. */
export interface StackAddresses {
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly temporalUi: string | null;
  /** Holds a password, as `adminUrl` does. */
  readonly warehouseUrl: string;
  readonly adminUrl: string;
  readonly reviewUrl: string | null;
  readonly contracts: string;
}
