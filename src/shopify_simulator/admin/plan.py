"""Answers a document quickly: its selections are looked at once and become a plan that runs over any source.

A page of products and a line of a bulk operation's file are written by the same plans, so they have the same
values. graphql-core's own executor gives the same answers, some ten times slower; a test holds the two
together. What never happens here: validation (`schema.py`), costs (`cost.py`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    get_argument_values,
    get_directive_values,
    get_named_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.values import VariableValues

from shopify_simulator.admin.readers import Arguments, Reader, Readers

Finish = Callable[[Any, Any], Any]
"""A value and who looks enter; JSON leaves."""

Fields = dict[str, list[FieldNode]]
"""What is selected of one object, by the key that it is answered under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An operation's surroundings."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues | None

    def fields_of(self, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> Fields:
        """The fields that these selections ask of an object of that type, in their order, merged by key."""
        found: Fields = {}
        for chosen in sets:
            self._collect(parent, chosen, found)
        return found

    def _collect(self, parent: GraphQLObjectType, chosen: SelectionSetNode, found: Fields) -> None:
        for node in chosen.selections:
            if not self._wanted(node):
                continue
            if isinstance(node, FieldNode):
                found.setdefault((node.alias or node.name).value, []).append(node)
                continue
            fragment: FragmentDefinitionNode | InlineFragmentNode
            if isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
            else:
                assert isinstance(node, InlineFragmentNode)
                fragment = node
            if self._suits(parent, fragment):
                self._collect(parent, fragment.selection_set, found)

    def _suits(
        self, parent: GraphQLObjectType, fragment: FragmentDefinitionNode | InlineFragmentNode
    ) -> bool:
        condition = fragment.type_condition
        if condition is None:
            return True
        named = self.schema.type_map[condition.name.value]
        return named is parent or (is_abstract_type(named) and self.schema.is_sub_type(named, parent))

    def _wanted(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not (skip and skip["if"]) and not (include and not include["if"])

    def arguments(self, parent: GraphQLObjectType, node: FieldNode) -> Arguments:
        """The field's arguments, coerced, with the schema's defaults."""
        definition = parent.fields[node.name.value]
        if not definition.args:
            return NO_ARGUMENTS
        return get_argument_values(definition, node, self.variables)


NO_ARGUMENTS: Final[Arguments] = {}


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {
        each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }


@dataclass(frozen=True, slots=True)
class Step:
    """One field of an object: the key it is answered under, how it is read, and what becomes of the value."""

    key: str
    read: Reader
    arguments: Arguments
    finish: Finish | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Makes the plans of one operation."""

    asked: Asked
    readers: Mapping[str, Readers]
    type_of: Callable[[Any], str]

    def steps(self, parent: GraphQLObjectType, fields: Fields) -> list[Step]:
        return [self._step(parent, key, nodes) for key, nodes in fields.items()]

    def _step(self, parent: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Step:
        name = nodes[0].name.value
        if name == "__typename":
            return Step(key, lambda *_: parent.name, NO_ARGUMENTS, None)
        finish = self.finish_of(parent.fields[name].type, nodes)
        read = self.readers[parent.name][name]
        return Step(key, read, self.asked.arguments(parent, nodes[0]), finish)

    def finish_of(self, kind: GraphQLOutputType, nodes: list[FieldNode]) -> Finish | None:
        """How a value of that type becomes JSON; None where it is JSON already."""
        if is_non_null_type(kind):
            kind = kind.of_type
        if is_list_type(kind):
            each = self.finish_of(kind.of_type, nodes)
            return None if each is None else _for_all(each)
        named = get_named_type(kind)
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        if is_object_type(named):
            return self.object_plan(named, sets)
        if is_abstract_type(named):
            return self._abstract_plan(named, sets)
        return None

    def object_plan(self, kind: GraphQLObjectType, sets: list[SelectionSetNode]) -> Finish:
        return run_of(self.steps(kind, self.asked.fields_of(kind, sets)))

    def _abstract_plan(self, kind: GraphQLAbstractType, sets: list[SelectionSetNode]) -> Finish:
        plans = {
            each.name: self.object_plan(each, sets)
            for each in self.asked.schema.get_possible_types(kind)
            if each.name in self.readers
        }
        type_of = self.type_of

        def run(source: Any, look: Any) -> Any:
            return None if source is None else plans[type_of(source)](source, look)

        return run


def run_of(steps: list[Step]) -> Finish:
    """Reads these fields of a source into one object."""
    table = [(step.key, step.read, step.arguments, step.finish) for step in steps]

    def run(source: Any, look: Any) -> Any:
        if source is None:
            return None
        answer = {}
        for key, read, arguments, finish in table:
            value = read(source, look, arguments)
            answer[key] = value if finish is None else finish(value, look)
        return answer

    return run


def _for_all(finish: Finish) -> Finish:
    return lambda values, look: None if values is None else [finish(each, look) for each in values]
