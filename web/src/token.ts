/** The token that a service asks for: from the address's fragment, then kept for this tab. */

const NAME = "glassnet.token";

export const tokenOf = {
  /** Take the token from #token=…, which then leaves the address, or the one kept before. */
  page(): string {
    const given = new URLSearchParams(location.hash.slice(1)).get("token");
    if (given) {
      history.replaceState(null, "", location.pathname + location.search);
      tokenOf.keep(given);
      return given;
    }
    try {
      return sessionStorage.getItem(NAME) ?? "";
    } catch {
      return "";
    }
  },
  keep(token: string): void {
    try {
      sessionStorage.setItem(NAME, token);
    } catch {
      // Then it is asked for again when the page is.
    }
  },
};
