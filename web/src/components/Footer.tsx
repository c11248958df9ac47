import { useLanguage } from "../language";

interface Props {
  readonly standalone: boolean;
  readonly hash: string;
}

export function Footer({ standalone, hash }: Props) {
  const { texts } = useLanguage();
  return (
    <footer>
      <p>
        {standalone ? (
          texts.ofStandalone
        ) : (
          <>
            {texts.ofService} <a href="./openapi.json">{texts.itsApi}</a>
          </>
        )}
      </p>
      <p>
        {texts.madeWith}
        {hash && <code title={hash}>{hash.replace("sha256:", "").slice(0, 12)}</code>}
      </p>
    </footer>
  );
}
