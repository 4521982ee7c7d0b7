// A target: which apps are meant, and how they are to be scraped. Named in the configuration or given in a request.

export interface Target {
  /** Of the configuration, or the parameters in their canonical form. */
  readonly name: string;
  /** Of the API; undefined: the first. */
  readonly api: string | undefined;
  /** At most one of each pair; neither: all. Names match whatever their case, expressions match whole names, too. */
  readonly orgName: string | undefined;
  readonly orgRegex: string | undefined;
  readonly spaceName: string | undefined;
  readonly spaceRegex: string | undefined;
  readonly applicationName: string | undefined;
  readonly applicationRegex: string | undefined;
  /** Begins with '/'. */
  readonly path: string;
  readonly protocol: 'http' | 'https';
  /** Of an app's routes the first that the first of them matches; where none matches, the app's first route. */
  readonly preferredRouteRegex: readonly string[];
  /** Of instances behind an internal route. */
  readonly internalRoutePort: number | undefined;
  /** Only apps annotated prometheus.io/scrape: true, with the path of prometheus.io/path where there is one. */
  readonly kubernetesAnnotations: boolean;
}
