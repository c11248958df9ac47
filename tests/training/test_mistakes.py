import numpy as np

from glassnet.training import find_mistakes

P = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]])
X = np.arange(8).reshape(4, 2)


def test_the_surest_come_first() -> None:
    mistakes = find_mistakes(X, np.array([0, 0, 0, 1]), P)
    assert (len(mistakes), mistakes.asked) == (3, 4)
    assert mistakes.rows.tolist() == [1, 3, 2]
    assert mistakes.x.tolist() == [[2, 3], [6, 7], [4, 5]]
    assert mistakes.truth.tolist() == [0, 1, 0]
    assert mistakes.answer.tolist() == [1, 0, 1]
    assert mistakes.confidence.tolist() == [0.8, 0.7, 0.6]


def test_there_may_be_none() -> None:
    mistakes = find_mistakes(X, P.argmax(axis=1), P)
    assert (len(mistakes), mistakes.asked) == (0, 4)
    assert mistakes.confidence.shape == (0,)
