"""Stories: how each kind of layer and loss is explained; a new one is a class and a line below."""

from __future__ import annotations

from glassnet.inspect.explain.scene import Scene
from glassnet.inspect.explain.stories.activations import ActivationStory, SoftmaxStory
from glassnet.inspect.explain.stories.base import Entry as Entry
from glassnet.inspect.explain.stories.base import Story as Story
from glassnet.inspect.explain.stories.dense import DenseStory
from glassnet.inspect.explain.stories.dropout import DropoutStory
from glassnet.inspect.explain.stories.norm import (
    BatchNormStory,
    LayerNormStory,
    StandardizeStory,
)
from glassnet.inspect.explain.stories.shape import AddStory, ConcatenateStory, FlattenStory
from glassnet.nn.layer import Layer
from glassnet.nn.layers import (
    Add,
    BatchNorm,
    Concatenate,
    Dense,
    Dropout,
    Flatten,
    LayerNorm,
    Softmax,
    Standardize,
)
from glassnet.nn.network import NamedNode

STORIES: dict[type[Layer], type[Story]] = {
    Add: AddStory,
    BatchNorm: BatchNormStory,
    Concatenate: ConcatenateStory,
    Dense: DenseStory,
    Dropout: DropoutStory,
    Flatten: FlattenStory,
    LayerNorm: LayerNormStory,
    Softmax: SoftmaxStory,
    Standardize: StandardizeStory,
}


def story_of(scene: Scene, node: NamedNode) -> Story:
    """Find the story of a node: by its layer's class, as an activation, or the general one."""
    general = ActivationStory if node.layer.elementwise else Story
    return STORIES.get(type(node.layer), general)(scene, node)
